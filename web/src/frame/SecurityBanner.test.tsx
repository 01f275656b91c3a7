import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useReusedSession } from "../account/notices";
import { renderPart } from "../test/render";
import { SecurityBanner } from "./SecurityBanner";

const page = vi.hoisted(() => ({
  notices: [] as object[],
  asked: 0,
  user: "alice",
  connection: "connecting",
  connectionChanged: (): void => undefined,
}));

vi.mock("../api/http", () => ({
  authorizedFetch: async () => {
    page.asked += 1;
    return Response.json({ items: page.notices, next_cursor: null });
  },
}));
vi.mock("../auth/use-session", () => ({ useUser: () => ({ id: page.user }) }));
vi.mock("../live/live", async () => {
  const { useSyncExternalStore } = await import("react");
  const subscribe = (listener: () => void) => {
    page.connectionChanged = listener;
    return () => undefined;
  };
  return { useConnectionState: () => useSyncExternalStore(subscribe, () => page.connection) };
});
vi.mock("@tanstack/react-router", () => ({
  Link: ({ to, search, children }: { to: string; search: { tab: string }; children: React.ReactNode }) => (
    <a href={`${to}?tab=${search.tab}`}>{children}</a>
  ),
}));

const DAY_MS = 86_400_000;
const notice = (id: string, change: object = {}) => ({
  id,
  code: "session-token-reused",
  params: { by: "203.0.113.9", device: "curl/8", address: "10.0.0.1" },
  created_at: new Date(Date.now() - DAY_MS).toISOString(),
  ...change,
});

/** As the frame does it. */
function Banner() {
  const { reused, dismiss } = useReusedSession();
  return reused ? <SecurityBanner reused={reused} onDismiss={dismiss} /> : <p>nothing to say</p>;
}

function show(language: "en" | "ko" = "en") {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return renderPart(
    <QueryClientProvider client={cache}>
      <Banner />
    </QueryClientProvider>,
    language,
  );
}

async function become(connection: string) {
  await act(async () => {
    page.connection = connection;
    page.connectionChanged();
  });
}

async function settled() {
  await vi.waitFor(() => expect(page.asked).toBeGreaterThan(0));
  await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
}

beforeEach(() => {
  localStorage.clear();
  Object.assign(page, { notices: [notice("1")], asked: 0, user: "alice", connection: "connecting" });
});

describe("the banner of a session that may have been copied", () => {
  it("says what happened and what to do, and leads to where it is done", async () => {
    show();
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("A session of yours may have been copied.");
    expect(alert.textContent).toContain("from 203.0.113.9");
    expect(alert.textContent).toContain("sign out everywhere and choose a new password");
    expect(within(alert).getByRole("link", { name: "My account" }).getAttribute("href")).toBe(
      "/account?tab=sessions",
    );
  });

  it("speaks Korean", async () => {
    show("ko");
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("203.0.113.9 주소에서");
    expect(within(alert).getByRole("button", { name: "알림 닫기" })).toBeTruthy();
  });

  it("shows what came from outside as text", async () => {
    page.notices = [notice("1", { params: { by: "<b>203.0.113.9</b>" } })];
    show();
    expect((await screen.findByRole("alert")).querySelector("b")).toBeNull();
  });

  it("is gone for this person of this browser once she has put it away, also after loading anew", async () => {
    const first = show();
    await userEvent.click(await screen.findByRole("button", { name: "Dismiss the notice" }));
    expect(screen.queryByRole("alert")).toBeNull();
    first.unmount();
    page.asked = 0;
    const again = show();
    await settled();
    expect(screen.queryByRole("alert")).toBeNull();
    again.unmount();
    page.user = "bob";
    show();
    expect(await screen.findByRole("alert")).toBeTruthy();
  });

  it("comes again for another notice, which is asked for when the connection is back", async () => {
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Dismiss the notice" }));
    await become("open");
    expect(page.asked).toBe(1);
    page.notices = [notice("2"), notice("1")];
    await become("waiting");
    await become("connecting");
    await become("open");
    expect(await screen.findByRole("alert")).toBeTruthy();
    expect(page.asked).toBe(2);
  });

  it("is put away with all that there are", async () => {
    page.notices = [notice("2"), notice("1")];
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Dismiss the notice" }));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("is not shown for what is old or about something else, nor while nothing is known", async () => {
    page.notices = [
      notice("1", { created_at: new Date(Date.now() - 31 * DAY_MS).toISOString() }),
      notice("2", { code: "job-ended" }),
    ];
    show();
    expect(screen.getByText("nothing to say")).toBeTruthy();
    await settled();
    expect(screen.getByText("nothing to say")).toBeTruthy();
  });

  it("is shown where what is stored makes no sense", async () => {
    localStorage.setItem("quarterdeck.dismissed-notices.alice", "{");
    show();
    expect(await screen.findByRole("alert")).toBeTruthy();
  });
});
