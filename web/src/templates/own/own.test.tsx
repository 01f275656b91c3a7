import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { showPage } from "../../test/page";
import { TemplatePage } from "../TemplatePage";

interface Asked {
  method: string;
  path: string;
  ifMatch: string | null;
  body: unknown;
}

const { server } = vi.hoisted(() => ({
  server: { source: "private", text: "id: mine\n", hash: "h1", asked: [] as Asked[] },
}));

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
    if (path.endsWith("?dry_run=true")) return new Response(null, { status: 200 });
    if (path.endsWith("/clone")) return Response.json(template(body.id), { status: 201 });
    if (request.method === "PUT") {
      if (request.headers.get("If-Match") !== server.hash) {
        return refused(412, { code: "template-changed", detail: "It was changed meanwhile." });
      }
      server.hash = "h2";
      return Response.json(template("mine"));
    }
    if (request.method === "DELETE") return new Response(null, { status: 204 });
    if (pathname === "/api/v1/templates/mine") return Response.json(template("mine"));
    return Response.json({ items: [], next_cursor: null });
  },
}));

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
    expect(screen.getByText(/unknown field tagz/)).toBeTruthy();
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
