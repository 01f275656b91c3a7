import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

interface Sent {
  method: string;
  path: string;
  body: string;
  headers: Headers;
}

const user = { id: "1", username: "alice", display_name: "Alice", roles: ["user"], scopes: [] };
let sent: Sent[];
let answers: (() => Response)[];

beforeEach(() => {
  vi.resetModules();
  vi.useFakeTimers();
  sent = [];
  answers = [];
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    if (typeof input === "string") {
      sent.push({ method: "POST", path: input, body: "", headers: new Headers(init?.headers) });
      return Response.json({ access_token: "token", token_type: "Bearer", expires_in: 900, user });
    }
    const { method, url, headers } = input;
    sent.push({ method, path: new URL(url).pathname, body: await input.text(), headers });
    return (answers.shift() ?? (() => new Response("{}")))();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const load = async () => (await import("./http")).authorizedFetch;
const request = (init: RequestInit = {}) => new Request("http://portal/api/v1/thing", init);

describe("a request of the page", () => {
  it("goes again with its body, whatever its method, after it was asked to wait", async () => {
    const authorizedFetch = await load();
    answers = [() => new Response("{}", { status: 429, headers: { "Retry-After": "2" } })];
    const response = authorizedFetch(request({ method: "POST", body: "job" }));
    await vi.advanceTimersByTimeAsync(3100);
    expect((await response).status).toBe(200);
    const own = sent.filter(({ path }) => path === "/api/v1/thing");
    expect(own.map(({ method, body }) => `${method} ${body}`)).toEqual(["POST job", "POST job"]);
    expect(own.map(({ headers }) => headers.get("Authorization"))).toEqual(["Bearer token", "Bearer token"]);
  });

  it("says that it goes by itself once nobody has touched the page for a minute", async () => {
    const authorizedFetch = await load();
    const { watchActivity } = await import("../auth/activity");
    const stop = watchActivity(() => undefined);
    await authorizedFetch(request());
    await vi.advanceTimersByTimeAsync(60_000);
    await authorizedFetch(request());
    window.dispatchEvent(new Event("keydown"));
    await authorizedFetch(request());
    stop();
    const own = sent.filter(({ path }) => path === "/api/v1/thing");
    expect(own.map(({ headers }) => headers.get("Quarterdeck-By-Itself"))).toEqual([null, "1", null]);
  });
});
