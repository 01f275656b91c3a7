import { configure, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { showPage } from "../../test/page";
import { TemplatePage } from "../TemplatePage";

interface Asked {
  method: string;
  path: string;
  ifMatch: string | null;
  body: unknown;
}

/** jsdom has no layout, which the real one lives on: a browser journey tries that. */
vi.mock("./YamlEditor", () => ({
  YamlEditor: (
    props: { label: string; initial: string; faults: { line: number; message: string }[] } & {
      onChange(text: string): void;
    },
  ) => (
    <>
      <textarea
        aria-label={props.label}
        defaultValue={props.initial}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      />
      {props.faults.map(({ line, message }) => (
        <mark key={line}>{`${line} ${message}`}</mark>
      ))}
    </>
  ),
}));

const { server } = vi.hoisted(() => ({
  server: {
    source: "private",
    text: "id: mine\n",
    hash: "h1",
    asked: [] as Asked[],
    versions: [] as object[],
  },
}));

const version = (number: number, current: boolean) => ({
  number,
  version: String(number),
  hash: `h${number}`,
  source: server.source,
  seen_at: "2026-11-29T12:00:00Z",
  author: "alice",
  current,
});

/** A text with the word "asks" has one parameter, which must be filled in. */
const trial = ({ yaml, parameters }: { yaml: string; parameters: { word?: string } }) => {
  const word = { name: "word", type: "string", label: { en: "Word", ko: "단어" }, required: true };
  const asks = yaml.includes("asks");
  const missing = { pointer: "/parameters/word", code: "missing-parameter", detail: "", params: {} };
  return {
    template: { ...TEMPLATE, id: "mine", source: "private", hash: "", parameters: asks ? [word] : [] },
    script: asks && !parameters.word ? null : `echo ${parameters.word ?? "nothing"}\n`,
    errors: asks && !parameters.word ? [missing] : [],
  };
};

const TEMPLATE = {
  version: "1",
  name: { en: "Mine", ko: "내 것" },
  description: { en: "What it does", ko: "설명" },
  category: "general",
  tags: [],
  schedulers: ["local"],
  image: "none",
  parameters: [],
  files: [],
  resources: {},
  available: true,
  unavailable_reason: null,
  uses: { favourite: false, own_jobs: 0, last_used_at: null, jobs: 0 },
};

const refused = (status: number, problem: object) => Response.json(problem, { status });

vi.mock("../../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const path = pathname + search;
    const body = request.method === "GET" ? null : await request.json().catch(() => null);
    server.asked.push({ method: request.method, path, ifMatch: request.headers.get("If-Match"), body });
    const template = (id: string) => ({ ...TEMPLATE, id, source: server.source, hash: server.hash });
    if (path.endsWith("/export")) {
      return new Response(server.text, { headers: { ETag: `"${server.hash}"` } });
    }
    if (path.endsWith("?dry_run=true") && body.yaml.includes("tagz")) {
      const wrong = {
        pointer: "/yaml",
        code: "not-a-template",
        detail: "unknown field tagz",
        params: { line: 3 },
      };
      return refused(422, { code: "invalid", detail: "", errors: [wrong] });
    }
    if (path.endsWith("?dry_run=true")) return Response.json(trial(body));
    if (pathname.endsWith("/versions")) return Response.json({ items: server.versions, next_cursor: null });
    if (pathname.includes("/versions/")) {
      const number = Number(pathname.split("/").at(-1));
      return Response.json({ ...version(number, false), text: `id: mine\nversion: "${number}"\n` });
    }
    if (path.endsWith("/clone")) return Response.json(template(body.id), { status: 201 });
    if (request.method === "POST" && path === "/api/v1/templates") {
      return Response.json(template("my-mine"), { status: 201 });
    }
    if (request.method === "PUT") {
      if (request.headers.get("If-Match") !== server.hash) {
        return refused(412, { code: "changed", detail: "It was changed meanwhile." });
      }
      server.hash = "h2";
      return Response.json(template("mine"));
    }
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    if (pathname === "/api/v1/meta") return Response.json({ templates: { share: "review" } });
    if (pathname === "/api/v1/templates/mine") return Response.json(template("mine"));
    return Response.json({ items: [], next_cursor: null });
  },
}));

configure({ asyncUtilTimeout: 15_000 });

const asked = (method: string) => server.asked.filter((request) => request.method === method);

describe("a template of one's own", () => {
  beforeEach(() => {
    Object.assign(server, { source: "private", text: "id: mine\n", hash: "h1", asked: [] });
    showPage("/templates/$template", TemplatePage, "/templates/mine");
  });

  const edit = async () => {
    fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
    return screen.findByRole("textbox", { name: "Text of the template mine" });
  };

  it("is told what is wrong with its text, and in which line", async () => {
    fireEvent.change(await edit(), { target: { value: "id: mine\n\ntagz: []\n" } });
    expect(await screen.findByText("Line 3:")).toBeTruthy();
    expect(screen.getByText("unknown field tagz")).toBeTruthy();
    expect(screen.getByText("3 unknown field tagz")).toBeTruthy();
    // What was there before the fault can still be seen.
    expect(screen.getByText("Before the fault")).toBeTruthy();
  });

  it("shows the form that New job would have, and the script that comes of it", async () => {
    fireEvent.change(await edit(), { target: { value: "asks\n" } });
    expect(await screen.findByText("The script is here once the form is filled in.")).toBeTruthy();
    fireEvent.change(screen.getByRole("textbox", { name: "Word" }), { target: { value: "hello" } });
    const script = await screen.findByRole("document", { name: "Batch script" });
    await waitFor(() => expect(script.textContent).toContain("echo hello"));
    // Of what was filled in, nothing is asked that the text has no more.
    fireEvent.change(screen.getByRole("textbox", { name: /Text of/ }), { target: { value: "none\n" } });
    await waitFor(() =>
      expect(asked("POST").at(-1)).toMatchObject({ body: { yaml: "none\n", parameters: {} } }),
    );
  });

  it("is saved over the text that was read, and no other", async () => {
    const area = await edit();
    fireEvent.change(area, { target: { value: "id: mine\nversion: 2\n" } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(asked("PUT")).toHaveLength(1));
    expect(asked("PUT")[0]).toMatchObject({ ifMatch: "h1", body: { yaml: "id: mine\nversion: 2\n" } });
    expect(await screen.findByText("As it is saved.")).toBeTruthy();

    // Somebody else changes the file.
    server.hash = "h3";
    fireEvent.change(area, { target: { value: "id: mine\nversion: 3\n" } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(asked("PUT")).toHaveLength(2));
    expect(asked("PUT")[1]).toMatchObject({ ifMatch: "h2" });
    await waitFor(() => expect(screen.queryByText("As it is saved.")).toBeNull());
    expect((area as HTMLTextAreaElement).value).toBe("id: mine\nversion: 3\n");

    // Both are seen, and it is for her to say.
    const both = await screen.findByRole("document", { name: "Differences" });
    expect(both.textContent).toContain("+mine: version: 3");
    fireEvent.click(screen.getByRole("button", { name: "Save mine over it" }));
    await waitFor(() => expect(asked("PUT")).toHaveLength(3));
    expect(asked("PUT")[2]).toMatchObject({ ifMatch: "h3", body: { yaml: "id: mine\nversion: 3\n" } });
    expect(await screen.findByText("As it is saved.")).toBeTruthy();
  });

  it("is put away when that is confirmed", async () => {
    fireEvent.click(await screen.findByRole("button", { name: "Archive" }));
    const dialog = await screen.findByRole("dialog", { name: "Archive Mine?" });
    expect(asked("DELETE")).toHaveLength(0);
    const deeds = [...dialog.querySelectorAll("button")];
    fireEvent.click(deeds.find(({ textContent }) => textContent === "Archive") as HTMLElement);
    await waitFor(() => expect(asked("DELETE")).toMatchObject([{ ifMatch: "h1" }]));
  });
});

describe("a version of a template", () => {
  const open = (at: string) => {
    Object.assign(server, {
      text: "",
      hash: "h2",
      asked: [],
      versions: [version(2, true), version(1, false)],
    });
    return showPage("/templates/$template", TemplatePage, at);
  };

  it("is compared with another, the earlier first", async () => {
    Object.assign(server, { source: "private" });
    open("/templates/mine?version=1&against=2");
    const lines = await screen.findByRole("document", { name: "Differences from version 1 to 2" });
    expect(lines.textContent).toContain('−Version 1: version: "1"');
    expect(lines.textContent).toContain('+Version 2: version: "2"');
  });

  it("is taken up again as the text of one's own, over the text that is there", async () => {
    Object.assign(server, { source: "private" });
    const { address } = open("/templates/mine?version=1");
    fireEvent.click(await screen.findByRole("button", { name: "Take up again" }));
    const dialog = await screen.findByRole("dialog", { name: "Take up version 1 again?" });
    expect(asked("PUT")).toEqual([]);
    fireEvent.click(within(dialog).getByRole("button", { name: "Take up again" }));
    await waitFor(() => expect(address()).toBe("/templates/mine"));
    expect(asked("PUT")).toMatchObject([{ ifMatch: "h2", body: { yaml: 'id: mine\nversion: "1"\n' } }]);
  });

  it("is only copied where the template is the site's", async () => {
    Object.assign(server, { source: "official" });
    open("/templates/mine?version=1");
    await screen.findByRole("document", { name: "Version 1" });
    expect(screen.queryByRole("button", { name: "Take up again" })).toBeNull();
    fireEvent.click(screen.getAllByRole("button", { name: "Copy for me" }).at(-1) as HTMLElement);
    const dialog = await screen.findByRole("dialog", { name: "Copy for me" });
    fireEvent.click(within(dialog).getByRole("button", { name: "Copy" }));
    await waitFor(() =>
      expect(asked("POST")).toMatchObject([
        { path: "/api/v1/templates", body: { yaml: 'id: my-mine\nversion: "1"\n' } },
      ]),
    );
  });
});

describe("the site's template", () => {
  it("is copied under another id, and not changed", async () => {
    Object.assign(server, { source: "official", hash: "h1", asked: [] });
    showPage("/templates/$template", TemplatePage, "/templates/mine");
    fireEvent.click(await screen.findByRole("button", { name: "Copy for me" }));
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
    const id = await screen.findByRole("textbox", { name: "Id" });
    fireEvent.change(id, { target: { value: "My own" } });
    expect(screen.getByText("Only small letters, digits and hyphens.")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    expect(asked("POST")).toEqual([]);
    fireEvent.change(id, { target: { value: "my-own" } });
    fireEvent.click(screen.getByRole("button", { name: "Copy" }));
    await waitFor(() => expect(asked("POST")).toMatchObject([{ body: { id: "my-own" } }]));
  });
});
