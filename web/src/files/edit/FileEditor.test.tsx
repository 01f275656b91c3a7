import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { act, cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { session } from "../../auth/session";
import { renderPart } from "../../test/render";
import { FileEditor } from "./FileEditor";
import { removeDraftsAtSignOut } from "./sign-out";

/** On the server; `null`: not there. */
let file: { text: string; version: number } | null;
let hasSession: boolean;
let user: string;

vi.stubGlobal("BroadcastChannel", undefined);
removeDraftsAtSignOut();

beforeEach(async () => {
  localStorage.clear();
  // jsdom does not scroll, which the router does after going elsewhere.
  window.scrollTo = () => undefined;
  file = { text: "one\r\n", version: 1 };
  vi.stubGlobal("fetch", (input: Request | string, init?: RequestInit) => answer(new Request(input, init)));
  await signIn("1");
});

afterEach(async () => {
  cleanup();
  await session.signOut();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.endsWith("/auth/login") || (pathname.endsWith("/auth/refresh") && hasSession)) {
    // Each request needs a new token.
    return Response.json({ access_token: "token", token_type: "Bearer", expires_in: 1, user: { id: user } });
  }
  if (pathname.endsWith("/auth/refresh")) return problem(401, "not-signed-in");
  if (pathname.endsWith("/auth/logout")) return new Response(null, { status: 204 });
  if (request.method === "PUT") {
    if (request.headers.get("If-Match") !== tag() && !(request.headers.has("If-None-Match") && !file))
      return problem(412, "changed");
    file = { text: await request.text(), version: (file?.version ?? 0) + 1 };
    return new Response(null, { status: 204, headers: { ETag: tag() } });
  }
  if (!file) return problem(404, "file-not-found");
  if (pathname.endsWith("/stat"))
    return Response.json({ kind: "file", size: file.text.length, modified_at: "2026-11-24T02:00:00Z" });
  return new Response(file.text, { headers: { ETag: tag() } });
}

const tag = () => `"${file?.version}"`;
const problem = (status: number, code: string) => Response.json({ code, detail: "" }, { status });

async function signIn(id: string): Promise<void> {
  user = id;
  hasSession = true;
  await session.signIn("someone", "secret");
}

/** As the page does: what one asks for next tells that the session is over. */
async function endSession(): Promise<void> {
  hasSession = false;
  await act(() => session.token().catch(() => undefined));
  expect(session.state).toEqual({ status: "signed-out", why: "ended" });
  expect(drafts()).not.toEqual([]);
  cleanup();
}

function open(language: "en" | "ko" = "en"): void {
  const root = createRootRoute();
  const files = createRoute({
    getParentRoute: () => root,
    path: "/files/$space",
    component: () =>
      router.state.location.search && "edit" in router.state.location.search ? (
        <FileEditor space="home" path="run/job.sh" name="job.sh" />
      ) : (
        <p>the file</p>
      ),
  });
  const router = createRouter({
    routeTree: root.addChildren([files]),
    history: createMemoryHistory({ initialEntries: ["/files/home?path=run&file=job.sh&edit=true"] }),
  });
  renderPart(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
    language,
  );
}

const area = () => screen.findByLabelText<HTMLTextAreaElement>("Text of job.sh");
const drafts = () => Object.keys(localStorage).filter((key) => key.startsWith("quarterdeck.draft."));

async function type(text: string): Promise<void> {
  const element = await area();
  element.setSelectionRange(element.value.length, element.value.length);
  await userEvent.type(element, text);
}

/** Typed, and lost with the session. */
async function leaveDraft(text = "two"): Promise<void> {
  open();
  await type(text);
  await endSession();
}

async function takeUp(): Promise<void> {
  await userEvent.click(await screen.findByRole("button", { name: "Take it up" }));
}

describe("a text that is not saved", () => {
  it("when the session ends is offered to the same person, and saved over the file as it was", async () => {
    await leaveDraft();
    await signIn("1");
    open();
    const offer = await screen.findByRole("region", { name: "Draft" });
    expect(within(offer).getByRole("heading").textContent).toMatch(/^A draft of “job.sh” from .+ is here$/);
    expect(offer.textContent).toContain("The file is as it was then.");
    expect(screen.getByRole("document", { name: "Differences" }).textContent).toContain("+mine: two");
    await takeUp();
    expect((await area()).value).toBe("one\ntwo");
    expect(screen.getByText("Not saved yet")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByText(/^Saved/);
    expect(file?.text).toBe("one\r\ntwo");
    expect(drafts()).toEqual([]);
  });

  it("is kept a moment after it was typed, and while one goes on typing", async () => {
    open();
    await area();
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const person = userEvent.setup({ advanceTimers: vi.advanceTimersByTime, delay: 300 });
    await person.type(await area(), "two");
    expect(drafts()).toEqual([]);
    await person.type(await area(), "three");
    expect(drafts()).toHaveLength(1);
  });

  it("is kept when the page goes away, and none is where nothing was typed", async () => {
    open();
    await area();
    window.dispatchEvent(new Event("pagehide"));
    expect(drafts()).toEqual([]);
    await type("two");
    window.dispatchEvent(new Event("pagehide"));
    expect(drafts()).toHaveLength(1);
  });

  it("is not shown to another person, who has her own", async () => {
    await leaveDraft();
    await signIn("2");
    await leaveDraft("of another");
    expect(drafts()).toHaveLength(2);
    await signIn("1");
    open();
    await takeUp();
    expect((await area()).value).toBe("one\ntwo");
  });

  it("is gone once its person signs out, and another's stays", async () => {
    await leaveDraft();
    const [hers] = drafts();
    await signIn("2");
    open();
    await type("three");
    window.dispatchEvent(new Event("pagehide"));
    expect(drafts()).toHaveLength(2);
    await type("four");
    await act(() => session.signOut());
    cleanup();
    expect(drafts()).toEqual([hers]);
  });

  it("is discarded after asking, and the file opened as it is", async () => {
    await leaveDraft();
    await signIn("1");
    open();
    await userEvent.click(await screen.findByRole("button", { name: "Discard it" }));
    const asked = await screen.findByRole("dialog", { name: "Discard the draft?" });
    expect(drafts()).toHaveLength(1);
    await userEvent.click(within(asked).getByRole("button", { name: "Discard it" }));
    expect((await area()).value).toBe("one\n");
    expect(drafts()).toEqual([]);
  });

  it("is gone when it is left on purpose, or taken back", async () => {
    open();
    await type("t");
    window.dispatchEvent(new Event("pagehide"));
    await userEvent.type(await area(), "{Backspace}");
    window.dispatchEvent(new Event("pagehide"));
    expect(drafts()).toEqual([]);
    await type("two");
    window.dispatchEvent(new Event("pagehide"));
    await userEvent.click(screen.getByRole("link", { name: "Done" }));
    await userEvent.click(await screen.findByRole("button", { name: "Leave without saving" }));
    await vi.waitFor(() => expect(drafts()).toEqual([]));
  });

  it("is no draft where it was saved after all", async () => {
    await leaveDraft();
    file = { text: "one\r\ntwo", version: 2 };
    await signIn("1");
    open();
    expect((await area()).value).toBe("one\ntwo");
    expect(drafts()).toEqual([]);
  });

  it("is in conflict where the file was changed meanwhile, and may take its place", async () => {
    await leaveDraft();
    file = { text: "ONE\n", version: 2 };
    await signIn("1");
    open();
    expect((await screen.findByRole("region", { name: "Draft" })).textContent).toContain("was changed since");
    await takeUp();
    await screen.findByRole("heading", { name: "“job.sh” was changed meanwhile" });
    expect((await area()).value).toBe("one\ntwo");
    expect(drafts()).toHaveLength(1);
    await userEvent.click(screen.getByRole("button", { name: "Save mine over it" }));
    await screen.findByText(/^Saved/);
    expect(file.text).toBe("one\ntwo");
    expect(drafts()).toEqual([]);
  });

  it("is dropped for what others wrote", async () => {
    await leaveDraft();
    file = { text: "ONE\n", version: 2 };
    await signIn("1");
    open();
    await takeUp();
    await userEvent.click(await screen.findByRole("button", { name: "Drop my changes" }));
    const asked = await screen.findByRole("dialog", { name: "Drop your changes?" });
    await userEvent.click(within(asked).getByRole("button", { name: "Drop my changes" }));
    await vi.waitFor(() => expect(drafts()).toEqual([]));
    expect((await area()).value).toBe("ONE\n");
  });

  it("is saved anew, as the file was written, where that is gone", async () => {
    await leaveDraft();
    file = null;
    await signIn("1");
    open();
    await takeUp();
    await userEvent.click(await screen.findByRole("button", { name: "Save it anew" }));
    await screen.findByText(/^Saved/);
    expect((file as { text: string } | null)?.text).toBe("one\r\ntwo");
  });

  it("is offered in Korean", async () => {
    await leaveDraft();
    await signIn("1");
    open("ko");
    expect(await screen.findByRole("region", { name: "임시 저장본" })).toBeTruthy();
    expect(screen.getByRole("button", { name: "이어서 편집" })).toBeTruthy();
  });
});
