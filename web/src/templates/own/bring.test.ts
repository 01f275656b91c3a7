import { File as NodeFile } from "node:buffer";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { bring, look, unpack } from "./bring";

/** jsdom's has no bytes. */
const fileOf = (part: string | Uint8Array, name: string) => new NodeFile([part], name) as unknown as File;

const { server } = vi.hoisted(() => ({
  server: { taken: new Set<string>(), sent: [] as string[], zip: [] as object[] },
}));

vi.mock("../../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const body = await request.text();
    if (request.url.endsWith("/import/zip?dry_run=true")) return Response.json({ items: server.zip });
    if (request.url.endsWith("?dry_run=true"))
      return Response.json({ template: { id: "words" }, errors: [] });
    if (request.url.endsWith("/import/batch-script")) {
      const { parameters } = JSON.parse(body);
      const variable = { name: "X", value: "1", line: 2, is_parameter: parameters.includes("X") };
      return Response.json({ yaml: `id: words\nasks: ${parameters}\n`, variables: [variable], notes: [] });
    }
    server.sent.push(`${new URL(request.url).pathname} ${request.headers.get("Content-Type")} ${body}`);
    const [, id = ""] = /id: ([a-z-]+)/.exec(body) ?? [];
    return server.taken.has(id)
      ? Response.json({ code: "template-id-taken", detail: "" }, { status: 409 })
      : Response.json({ id }, { status: 201 });
  },
}));

describe("a file that is imported", () => {
  beforeEach(() => Object.assign(server, { taken: new Set(["words"]), sent: [] }));

  it("is not asked about where it is no text at all", async () => {
    const cp949 = fileOf(new Uint8Array([0xb0, 0xa1]), "cp949.yaml");
    expect((await look(cp949)).state).toBe("unreadable");
    expect((await look(fileOf("x".repeat(2 ** 20 + 1), "long.yaml"))).state).toBe("unreadable");
  });

  it("becomes a template by the server where it is a batch script, with the variables that were ticked", async () => {
    server.taken.clear();
    const file = fileOf("#!/bin/bash\nX=1\n", "job.sh");
    const seen = await look(file);
    expect(seen).toMatchObject({ state: "good", converted: { of: "script", yaml: "id: words\nasks: \n" } });
    const ticked = await look(file, ["X"]);
    expect(ticked.converted?.variables[0]?.is_parameter).toBe(true);
    await bring(ticked);
    expect(server.sent[0]).toContain("id: words\\nasks: X");
  });

  it("goes as it is, and under another id where its own is taken", async () => {
    const file = fileOf("\ufeffid: words # mine\r\nversion: 1\r\n", "words.yaml");
    const seen = await look(file);
    expect(seen).toMatchObject({ state: "good", template: { id: "words" } });
    const refused = await bring(seen);
    expect(refused).toMatchObject({ state: "taken", otherId: "my-words" });
    expect(server.sent[0]).toContain("/import application/yaml ");
    expect(await bring(refused)).toMatchObject({ state: "made", template: { id: "my-words" } });
    expect(JSON.parse(server.sent[1]?.split("application/json ")[1] ?? "")).toMatchObject({
      yaml: "id: my-words\nversion: 1\r\n",
    });
  });
});

describe("a zip that is imported", () => {
  it("is as many files, each with its own verdict", async () => {
    const wrong = (code: string) => [{ pointer: "", code, detail: code, params: {} }];
    server.zip = [
      { name: "lab/a.yaml", template: { id: "a" }, errors: [], yaml: "id: a\n" },
      { name: "b.yaml", template: null, errors: wrong("template-id-taken"), yaml: "id: b\n" },
      { name: "../c.yaml", template: null, errors: wrong("bad-name"), yaml: null },
      { name: "d.yaml", template: null, errors: wrong("not-a-template"), yaml: "id: [\n" },
    ];
    const files = await unpack(fileOf("PK", "templates.zip"));
    expect(files.map(({ file, state }) => [file.name, state])).toEqual([
      ["lab/a.yaml", "good"],
      // For this one another id can be chosen.
      ["b.yaml", "looking"],
      ["../c.yaml", "faulty"],
      ["d.yaml", "faulty"],
    ]);
    expect(files[2]?.error).toMatchObject({ errors: [{ code: "bad-name" }] });
  });
});
