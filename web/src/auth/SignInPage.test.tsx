import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renderPart } from "../test/render";

const replace = vi.fn();
vi.mock("@tanstack/react-router", () => ({
  getRouteApi: () => ({ useSearch: () => ({}) }),
  useRouter: () => ({ history: { replace } }),
  useNavigate: () => () => undefined,
}));

let answer: () => Response;

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers({ shouldAdvanceTime: true });
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("fetch", async (path: string) =>
    path.endsWith("login") ? answer() : Response.json({ code: "not-signed-in" }, { status: 401 }),
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function attempt() {
  const { SignInPage } = await import("./SignInPage");
  renderPart(
    <QueryClientProvider client={new QueryClient()}>
      <SignInPage />
    </QueryClientProvider>,
  );
  const person = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  await person.type(screen.getByLabelText("User name"), "alice");
  await person.type(screen.getByLabelText("Password"), "not this one");
  await person.click(screen.getByRole("button", { name: "Sign in" }));
}

describe("signing in", () => {
  it("counts the time left after too many failures, and can be tried again then", async () => {
    answer = () =>
      Response.json(
        { code: "sign-in-locked", detail: "x" },
        { status: 429, headers: { "Retry-After": "30" } },
      );
    await attempt();
    const button = await screen.findByRole<HTMLButtonElement>("button", {
      name: /Sign in again in (30|29) s/,
    });
    expect(button.disabled).toBe(true);
    expect(screen.getByText(/too many failed attempts/)).toBeTruthy();
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Sign in" }).disabled).toBe(false);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("does not hold anybody up after a wrong password", async () => {
    answer = () => Response.json({ code: "wrong-credentials", detail: "x" }, { status: 401 });
    await attempt();
    expect(await screen.findByText("User name or password is wrong.")).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Sign in" }).disabled).toBe(false);
  });
});
