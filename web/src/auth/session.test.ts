import { beforeEach, describe, expect, it, vi } from "vitest";

const user = { username: "alice", display_name: "Alice", roles: ["user"], unix_user: "alice" };
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
