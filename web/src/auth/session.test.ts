import { beforeEach, describe, expect, it, vi } from "vitest";

const user = {
  id: "1",
  username: "alice",
  display_name: "Alice",
  roles: ["user"],
  unix_user: "alice",
  scopes: [],
};
let asked: string[];
let answers: (() => Response)[];

const tokens =
  (value: string, seconds = 900) =>
  () =>
    Response.json({ access_token: value, token_type: "Bearer", expires_in: seconds, user });
const refusal = () => Response.json({ code: "not-signed-in", detail: "" }, { status: 401 });

beforeEach(() => {
  vi.resetModules();
  asked = [];
  answers = [];
  vi.stubGlobal("BroadcastChannel", undefined);
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url.split("/").pop() ?? "");
    await Promise.resolve();
    return (answers.shift() ?? refusal)();
  });
});

const load = async () => (await import("./session")).session;

describe("the session", () => {
  it("refreshes once for all that ask at the same time", async () => {
    const session = await load();
    answers = [tokens("one")];
    expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual([
      "one",
      "one",
      "one",
    ]);
    expect(asked).toEqual(["refresh"]);
  });

  it("does not ask while the token is good", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.token();
    await session.token();
    expect(asked).toEqual(["refresh"]);
  });

  it("renews a token that is about to end", async () => {
    const session = await load();
    answers = [tokens("short", 30), tokens("long")];
    await session.token();
    expect(await session.token()).toBe("long");
  });

  it("gets another when the server refused the one it had", async () => {
    const session = await load();
    answers = [tokens("one"), tokens("two")];
    const first = await session.token();
    session.refused(first);
    session.refused("an older one");
    expect(await session.token()).toBe("two");
    expect(asked).toHaveLength(2);
  });

  it("is over when the refresh is refused", async () => {
    const session = await load();
    await expect(session.token()).rejects.toMatchObject({ status: 401 });
    expect(session.state.status).toBe("signed-out");
  });

  it("is not over because the server is away", async () => {
    const session = await load();
    answers = [() => new Response("", { status: 503 })];
    await expect(session.start()).rejects.toMatchObject({ status: 503 });
    expect(session.state.status).toBe("unknown");
  });

  it("waits where it asks too often, and goes on by itself", async () => {
    vi.useFakeTimers();
    const session = await load();
    answers = [() => new Response("{}", { status: 429, headers: { "Retry-After": "3" } }), tokens("one")];
    const token = session.token();
    await vi.advanceTimersByTimeAsync(4100);
    expect(await token).toBe("one");
    vi.useRealTimers();
  });

  it("tells a session that ended from one that was left and from none at all", async () => {
    const session = await load();
    const why: string[] = [];
    session.onLeave((reason) => why.push(reason));
    await session.start();
    expect(session.state).toEqual({ status: "signed-out", why: "none" });
    answers = [tokens("one", 30)];
    await session.signIn("alice", "secret");
    await expect(session.token()).rejects.toMatchObject({ status: 401 });
    expect(session.state).toEqual({ status: "signed-out", why: "ended" });
    answers = [tokens("two")];
    await session.signIn("alice", "secret");
    await session.signOut();
    expect(session.state).toEqual({ status: "signed-out", why: "left" });
    expect(why).toEqual(["ended", "left"]);
  });

  it("is left at once, whether or not the server answers, which is told with the token", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    const left: string[] = [];
    session.onLeave((why) => left.push(why));
    let request: RequestInit = {};
    vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
      request = init;
      return new Promise<Response>(() => undefined);
    });
    void session.signOut();
    expect(session.state).toEqual({ status: "signed-out", why: "left" });
    expect(left).toEqual(["left"]);
    expect(new Headers(request.headers).get("Authorization")).toBe("Bearer one");
    expect(request.keepalive).toBe(true);
  });

  it("is not taken from somebody who signs in again by the late answer to her sign-out", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    let signOut: RequestInit = {};
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      if (!url.endsWith("logout")) return Promise.resolve(tokens("two")());
      signOut = init;
      return new Promise<Response>(() => undefined);
    });
    void session.signOut();
    await session.signIn("alice", "secret");
    expect(signOut.signal?.aborted).toBe(true);
    expect(await session.token()).toBe("two");
  });

  it("is not begun again by a late request of somebody who signed out", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    await session.signOut();
    asked = [];
    answers = [tokens("two")];
    await expect(session.token()).rejects.toMatchObject({ status: 401 });
    expect(asked).toEqual([]);
  });

  it("goes on when the server does not end all of them", async () => {
    const session = await load();
    answers = [tokens("one"), () => Response.json({ code: "internal" }, { status: 500 })];
    await session.signIn("alice", "secret");
    await expect(session.signOutEverywhere()).rejects.toMatchObject({ status: 500 });
    expect(session.state.status).toBe("signed-in");
    answers = [() => new Response(null, { status: 204 })];
    await session.signOutEverywhere();
    expect(session.state.status).toBe("signed-out");
  });

  it("learns of another role, and stays the same person's", async () => {
    const session = await load();
    let left = 0;
    session.onLeave(() => {
      left += 1;
    });
    const admin = { ...user, roles: ["admin"] };
    answers = [
      tokens("one", 30),
      () => Response.json({ access_token: "two", token_type: "Bearer", expires_in: 900, user: admin }),
    ];
    await session.signIn("alice", "secret");
    await session.token();
    expect(session.state).toMatchObject({ status: "signed-in", user: { roles: ["admin"] } });
    expect(left).toBe(0);
  });

  it("tells who keeps a connection open of each new token", async () => {
    const session = await load();
    const heard: string[] = [];
    session.onToken((token) => heard.push(token));
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    expect(heard).toEqual(["one"]);
    expect(session.state).toMatchObject({ status: "signed-in", user: { username: "alice" } });
  });
});

describe("the session over several tabs", () => {
  class Channel extends EventTarget {
    static said: unknown[] = [];
    static latest: Channel | null = null;
    constructor() {
      super();
      Channel.latest = this;
    }
    postMessage(message: unknown) {
      Channel.said.push(message);
    }
  }
  const hear = (data: object) => Channel.latest?.dispatchEvent(new MessageEvent("message", { data }));
  const tokenAt = (acceptedAt: number) => ({ value: "theirs", acceptedAt, expiresAt: acceptedAt + 900_000 });

  beforeEach(() => {
    Channel.said = [];
    vi.stubGlobal("BroadcastChannel", Channel);
  });

  it("is over in all of them when one is refused", async () => {
    const session = await load();
    answers = [tokens("one", 30)];
    await session.signIn("alice", "secret");
    await expect(session.token()).rejects.toMatchObject({ status: 401 });
    expect(Channel.said.at(-1)).toMatchObject({ is: "ended" });
  });

  it("is left in all of them while the server is still being told", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    vi.stubGlobal("fetch", () => new Promise<Response>(() => undefined));
    void session.signOut();
    expect(Channel.said.at(-1)).toEqual({ is: "left" });
  });

  it("ends here when another finds that it has, but not when somebody has signed in since", async () => {
    const session = await load();
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    hear({ is: "ended", askedAt: Date.now() - 60_000 });
    expect(session.state.status).toBe("signed-in");
    hear({ is: "ended", askedAt: Date.now() + 1 });
    expect(session.state).toEqual({ status: "signed-out", why: "ended" });
  });

  it("makes way for another person who signs in in another tab", async () => {
    const session = await load();
    const events: string[] = [];
    session.onLeave((why, who) => events.push(`${who.username} left: ${why}`));
    session.subscribe(() => events.push("changed"));
    answers = [tokens("one")];
    await session.signIn("alice", "secret");
    hear({ is: "session", token: tokenAt(Date.now()), user: { ...user, id: "2", username: "bob" } });
    expect(session.state).toMatchObject({ status: "signed-in", user: { username: "bob" } });
    // What was hers is gone before anybody hears of him.
    expect(events).toEqual(["changed", "alice left: left", "changed"]);
    expect(await session.token()).toBe("theirs");
  });
});
