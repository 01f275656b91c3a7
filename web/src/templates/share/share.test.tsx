import { configure, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { showPage } from "../../test/page";
import { TemplatePage } from "../TemplatePage";
import { SharePage } from "./SharePage";

interface Asked {
  method: string;
  path: string;
  ifMatch: string | null;
  body: unknown;
}

const { server, person } = vi.hoisted(() => ({
  server: {
    how: "review",
    asked: [] as Asked[],
    /** What was shared last. */
    last: null as object | null,
    offered: {} as Record<string, unknown>,
    refuses: null as { status: number; code: string } | null,
  },
  person: { name: "alice", isAdmin: false },
}));

vi.mock("../../auth/use-session", () => ({
  useUser: () => ({ username: person.name, unix_user: person.name, roles: ["user"] }),
  useIsAdmin: () => person.isAdmin,
  useIsOperator: () => person.isAdmin,
  useCanHaveOwn: () => true,
}));

vi.mock("../../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const { pathname } = new URL(request.url);
    const body = request.method === "GET" ? null : await request.json().catch(() => null);
    const ifMatch = request.headers.get("If-Match");
    server.asked.push({ method: request.method, path: pathname, ifMatch, body });
    if (pathname === "/api/v1/meta") return Response.json({ templates: { share: server.how } });
    if (pathname === "/api/v1/templates/mine") return Response.json(TEMPLATE);
    if (pathname === "/api/v1/template-shares") {
      return Response.json({ items: server.last ? [server.last] : [], next_cursor: null });
    }
    if (request.method === "POST" && server.refuses) {
      const { status, code } = server.refuses;
      return Response.json({ code, detail: code }, { status });
    }
    if (pathname === "/api/v1/template-shares/s1") return Response.json(server.offered);
    if (pathname === "/api/v1/templates") {
      return Response.json({ template: TEMPLATE, script: "echo it\n", errors: [] });
    }
    if (request.method === "POST") return Response.json(SHARE, { status: 201 });
    return Response.json({ items: [], next_cursor: null });
  },
}));

const TEMPLATE = {
  id: "mine",
  version: "2",
  name: { en: "Mine", ko: "내 것" },
  description: { en: "What it does", ko: "설명" },
  category: "general",
  source: "private",
  hash: "h2",
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

const SHARE = {
  id: "s1",
  template: "mine",
  own_template: "mine",
  version: "1",
  hash: "h1",
  author: "alice",
  note: "for us all",
  state: "open",
  asked_at: "2026-11-30T12:00:00Z",
  decided_at: null,
  decided_by: null,
  reason: null,
};

configure({ asyncUtilTimeout: 15_000 });

const posts = (end: string) =>
  server.asked.filter(({ method, path }) => method === "POST" && path.endsWith(end));

beforeEach(() => {
  Object.assign(server, { how: "review", asked: [], last: null, refuses: null });
  Object.assign(person, { name: "alice", isAdmin: false });
});

describe("sharing a template of one's own", () => {
  const open = async () => {
    showPage("/templates/$template", TemplatePage, "/templates/mine");
    fireEvent.click(await screen.findByRole("button", { name: "Share" }));
    return screen.findByRole("dialog", { name: "Share Mine with everybody?" });
  };

  it("says that an administrator looks at it, and offers the text that is seen", async () => {
    const dialog = within(await open());
    expect(dialog.getByText(/^An administrator looks at version 2/)).toBeTruthy();
    expect(dialog.getByText(/your own file moves to archived/)).toBeTruthy();
    fireEvent.change(dialog.getByLabelText("Id for everybody"), { target: { value: "ours" } });
    expect(dialog.getByText("Your own template stays yours as it is.")).toBeTruthy();
    fireEvent.change(dialog.getByLabelText("Note to the administrator"), { target: { value: "please" } });
    fireEvent.click(dialog.getByRole("button", { name: "Ask an administrator" }));
    await waitFor(() => expect(posts("/share")).toHaveLength(1));
    expect(posts("/share")[0]).toMatchObject({ ifMatch: "h2", body: { id: "ours", note: "please" } });
  });

  it("says that everybody has it at once where the site is open", async () => {
    server.how = "open";
    const dialog = within(await open());
    expect(dialog.getByText(/^Everybody can use version 2/)).toBeTruthy();
    expect(dialog.queryByLabelText("Note to the administrator")).toBeNull();
  });

  it("says in words of its own why it cannot be", async () => {
    server.refuses = { status: 409, code: "too-many-shares" };
    const dialog = within(await open());
    fireEvent.click(dialog.getByRole("button", { name: "Ask an administrator" }));
    expect(await dialog.findByText(/^You have offered as many templates/)).toBeTruthy();
  });

  it("is not offered where the site shares nothing", async () => {
    server.how = "off";
    showPage("/templates/$template", TemplatePage, "/templates/mine");
    await screen.findByRole("button", { name: "Edit" });
    await waitFor(() => expect(server.asked.some(({ path }) => path === "/api/v1/meta")).toBe(true));
    expect(screen.queryByRole("button", { name: "Share" })).toBeNull();
  });

  it("is seen on its page while it waits, with what was changed since", async () => {
    server.last = SHARE;
    showPage("/templates/$template", TemplatePage, "/templates/mine");
    const shared = within(await screen.findByRole("region", { name: "Shared" }));
    expect(shared.getByText(/^Version 1 waits for an administrator/)).toBeTruthy();
    expect(shared.getByText(/^You have changed it since/)).toBeTruthy();
    expect(shared.getByRole("button", { name: "Take back" })).toBeTruthy();
  });
});

describe("a template that somebody offers to everybody", () => {
  const replaces = { version: "0", hash: "h0", text: "id: mine\nold\n" };
  const show = () => showPage("/template-shares/$share", SharePage, "/template-shares/s1");

  beforeEach(() => {
    server.offered = { ...SHARE, text: "id: mine\nnew\n", replaces };
    Object.assign(person, { name: "admin", isAdmin: true });
  });

  it("is accepted as it was looked at: both texts, by their hashes", async () => {
    show();
    const lines = await screen.findByRole("document", { name: "What it changes" });
    expect(lines.textContent).toContain("old");
    expect(await screen.findByRole("document", { name: "Batch script" })).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Accept mine?" }));
    expect(dialog.getByText(/takes the place of version 0/)).toBeTruthy();
    fireEvent.click(dialog.getByRole("button", { name: "Accept" }));
    await waitFor(() => expect(posts("/accept")).toHaveLength(1));
    expect(posts("/accept")[0]?.body).toEqual({ hash: "h1", replaces: "h0" });
  });

  it("is read anew where something was changed meanwhile", async () => {
    show();
    fireEvent.click(await screen.findByRole("button", { name: "Accept" }));
    const dialog = within(await screen.findByRole("dialog"));
    const before = server.asked.filter(({ path }) => path.endsWith("/s1")).length;
    server.refuses = { status: 412, code: "changed" };
    fireEvent.click(dialog.getByRole("button", { name: "Accept" }));
    expect(await dialog.findByRole("alert")).toBeTruthy();
    await waitFor(() =>
      expect(server.asked.filter(({ path }) => path.endsWith("/s1")).length).toBeGreaterThan(before),
    );
  });

  it("is refused with a reason, and not without", async () => {
    show();
    fireEvent.click(await screen.findByRole("button", { name: "Refuse" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Refuse mine?" }));
    const refuse = dialog.getByRole("button", { name: "Refuse" }) as HTMLButtonElement;
    expect(refuse.disabled).toBe(true);
    fireEvent.change(dialog.getByLabelText("Reason"), { target: { value: "too slow" } });
    fireEvent.click(refuse);
    await waitFor(() => expect(posts("/refuse")[0]?.body).toEqual({ reason: "too slow" }));
  });

  it("is decided by administrators alone, and taken back by whose it is", async () => {
    Object.assign(person, { name: "alice", isAdmin: false });
    show();
    expect(await screen.findByRole("button", { name: "Take back" })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
    expect(screen.queryByRole("button", { name: "Refuse" })).toBeNull();
  });
});
