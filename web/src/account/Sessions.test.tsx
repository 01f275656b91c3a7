import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { OwnSession } from "../api/types";
import { renderPart } from "../test/render";
import { Sessions } from "./Sessions";

const { answers, asked } = vi.hoisted(() => ({
  answers: new Map<string, () => Response>(),
  asked: [] as string[],
}));

vi.mock("../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const deed = `${request.method} ${new URL(request.url).pathname}`;
    asked.push(deed);
    return (answers.get(deed) ?? (() => new Response(null, { status: 204 })))();
  },
}));
vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: React.ReactNode }) => <a href="/account">{children}</a>,
}));

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
const session = (id: string, change: Partial<OwnSession> = {}): OwnSession => ({
  id,
  device: FIREFOX,
  address: "192.0.2.7",
  created_at: "2026-11-24T02:00:00Z",
  last_used_at: "2026-11-24T03:00:00Z",
  expires_at: "2026-12-01T02:00:00Z",
  current: false,
  ...change,
});
const list =
  (...items: unknown[]) =>
  () =>
    Response.json({ items, next_cursor: null });

beforeEach(() => {
  answers.clear();
  asked.length = 0;
  answers.set("GET /api/v1/notifications", list());
  answers.set("GET /api/v1/auth/sessions", list(session("here", { current: true }), session("there")));
});

function show() {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  renderPart(
    <QueryClientProvider client={cache}>
      <Sessions />
    </QueryClientProvider>,
  );
}

describe("my sessions", () => {
  it("holds their place while they come", () => {
    show();
    expect(screen.getByRole("status", { name: "Loading…" })).toBeTruthy();
  });

  it("names the devices and marks this one", async () => {
    show();
    const rows = await screen.findAllByRole("row", { name: /Firefox on Linux/ });
    expect(rows.map((row) => within(row).queryByText("This one") !== null)).toEqual([true, false]);
    expect(screen.getAllByText("Firefox on Linux")[0]?.title).toBe(FIREFOX);
  });

  it("ends another one after asking, naming it", async () => {
    show();
    await userEvent.click(await screen.findByRole("button", { name: "End the session on Firefox on Linux" }));
    const dialog = await screen.findByRole("dialog", { name: "End the session on Firefox on Linux?" });
    expect(within(dialog).getByText(/192\.0\.2\.7/)).toBeTruthy();
    expect(asked.some((deed) => deed.startsWith("DELETE"))).toBe(false);
    await userEvent.click(within(dialog).getByRole("button", { name: "End the session" }));
    await vi.waitFor(() => expect(asked).toContain("DELETE /api/v1/auth/sessions/there"));
    await vi.waitFor(() =>
      expect(asked.filter((deed) => deed === "GET /api/v1/auth/sessions")).toHaveLength(2),
    );
  });

  it("says why they cannot be shown, and offers to try again", async () => {
    answers.set("GET /api/v1/auth/sessions", () =>
      Response.json({ code: "internal", detail: "" }, { status: 500, headers: { "X-Request-Id": "r-1" } }),
    );
    show();
    const alert = await screen.findByRole("alert");
    expect(within(alert).getByText("r-1")).toBeTruthy();
    answers.set("GET /api/v1/auth/sessions", list(session("here", { current: true })));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("This one")).toBeTruthy();
  });

  it("tells of a session that may have been copied, as text", async () => {
    const params = { address: "10.0.0.1", device: "<b>curl</b>", by: "203.0.113.9" };
    answers.set(
      "GET /api/v1/notifications",
      list({ id: "1", code: "session-token-reused", params, created_at: new Date().toISOString() }),
    );
    show();
    const notices = await screen.findByRole("list", { name: "Security notices" });
    expect(within(notices).getByText(/somebody at 203\.0\.113\.9/)).toBeTruthy();
    expect(notices.querySelector("b")).toBeNull();
  });
});
