import { act } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import type { Draft } from "./files/edit/drafts";

const draft: Draft = {
  at: Date.now(),
  etag: '"1"',
  format: { encoding: "utf-8", bom: false, endings: "\n" },
  text: "not saved\n",
};

vi.mock("./files/edit/drafts", () => {
  throw new TypeError("Failed to fetch dynamically imported module");
});
// The pages are not what this is about.
vi.mock("./router", () => ({ router: { invalidate: async () => undefined } }));
vi.mock("@tanstack/react-router", () => ({ RouterProvider: () => null }));

beforeEach(() => {
  localStorage.clear();
  document.body.innerHTML = '<div id="root"></div>';
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("fetch", async (input: Request | string) =>
    String(input instanceof Request ? input.url : input).endsWith("/auth/login")
      ? Response.json({ access_token: "token", token_type: "Bearer", expires_in: 900, user: { id: "1" } })
      : new Response(null, { status: 204 }),
  );
});

it("removes the drafts of who signs out though the drafts' part could not be loaded", async () => {
  const { keepDraft } = await vi.importActual<typeof import("./files/edit/drafts")>("./files/edit/drafts");
  const { session } = await import("./auth/session");
  await act(() => import("./main"));
  await session.signIn("someone", "secret");
  for (const user of ["1", "2"]) keepDraft({ user, space: "home", path: "a.txt" }, draft);
  expect(localStorage).toHaveLength(2);
  await session.signOut();
  expect(Object.keys(localStorage)).toEqual(["quarterdeck.draft.2/home/a.txt"]);
});
