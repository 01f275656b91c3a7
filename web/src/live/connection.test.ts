import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ChannelMessage, LiveConnection } from "./connection";

class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  readyState: number = WebSocket.CONNECTING;
  sent: Record<string, unknown>[] = [];

  constructor() {
    super();
    FakeSocket.all.push(this);
  }

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = WebSocket.CLOSED;
  }

  opens() {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  says(message: object) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  ends(code: number) {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}

let refused: string[];
let live: LiveConnection;
const latest = () => FakeSocket.all.at(-1) as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  refused = [];
  live = new LiveConnection({
    url: "ws://test/live",
    token: async () => `token-${FakeSocket.all.length + 1}`,
    onRefused: (token) => refused.push(token),
    createSocket: () => new FakeSocket() as unknown as WebSocket,
  });
});

afterEach(() => {
  live.close();
  vi.useRealTimers();
});

async function connect(): Promise<FakeSocket> {
  live.open();
  await vi.advanceTimersByTimeAsync(0);
  latest().opens();
  latest().says({ type: "ready" });
  return latest();
}

describe("the live connection", () => {
  it("proves who we are before it asks for anything", async () => {
    live.subscribe("jobs:slurm", { onMessage: () => undefined });
    const socket = await connect();
    expect(socket.sent).toEqual([
      { type: "auth", token: "token-1" },
      { type: "subscribe", channels: ["jobs:slurm"] },
    ]);
    expect(live.state).toBe("open");
  });

  it("hands a channel's messages to those who listen to it", async () => {
    const heard: ChannelMessage[] = [];
    const leave = live.subscribe("jobs:slurm", { onMessage: (message) => heard.push(message) });
    const socket = await connect();
    socket.says({ type: "delta", channel: "jobs:slurm", version: 2 });
    socket.says({ type: "delta", channel: "jobs:local", version: 3 });
    expect(heard.map(({ version }) => version)).toEqual([2]);
    leave();
    expect(socket.sent.at(-1)).toEqual({ type: "unsubscribe", channels: ["jobs:slurm"] });
  });

  it("comes back after a cut, and goes on at the offset reached", async () => {
    let offset = 0;
    live.subscribe("output:slurm:1", { onMessage: () => undefined, resumeWith: () => ({ from: offset }) });
    const first = await connect();
    offset = 4096;
    first.ends(1006);
    expect(live.state).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1000);
    latest().opens();
    latest().says({ type: "ready" });
    expect(latest()).not.toBe(first);
    expect(latest().sent.at(-1)).toEqual({ type: "subscribe", channels: ["output:slurm:1"], from: 4096 });
  });

  it("goes on with the version that it has, and hands on only what comes next", async () => {
    const heard: unknown[] = [];
    live.subscribe("jobs:slurm", { onMessage: ({ type, version }) => heard.push([type, version]) });
    const first = await connect();
    const says = (socket: FakeSocket, type: string, version: number, more: object = {}) =>
      socket.says({ type, channel: "jobs:slurm", version, ...more });
    says(first, "snapshot", 4, { epoch: "e" });
    says(first, "delta", 5);
    says(first, "delta", 5);
    first.ends(1006);
    await vi.advanceTimersByTimeAsync(1000);
    const second = latest();
    second.opens();
    second.says({ type: "ready" });
    const resume = { "jobs:slurm": { epoch: "e", version: 5 } };
    expect(second.sent.at(-1)).toEqual({ type: "subscribe", channels: ["jobs:slurm"], resume });
    says(second, "delta", 9, { from: 5 });
    says(second, "delta", 10);
    expect(heard).toEqual([
      ["snapshot", 4],
      ["delta", 5],
      ["delta", 9],
      ["delta", 10],
    ]);
  });

  it("asks once for what is missing in between, and hands on nothing until it is there", async () => {
    const heard: unknown[] = [];
    live.subscribe("nodes:slurm", { onMessage: ({ version }) => heard.push(version) });
    const socket = await connect();
    const says = (type: string, version: number, more: object = {}) =>
      socket.says({ type, channel: "nodes:slurm", version, ...more });
    says("snapshot", 1, { epoch: "e" });
    says("delta", 3);
    says("delta", 4);
    const asked = socket.sent.filter(({ type }) => type === "subscribe").slice(1);
    const resume = { "nodes:slurm": { epoch: "e", version: 1 } };
    expect(asked).toEqual([{ type: "subscribe", channels: ["nodes:slurm"], resume }]);
    says("delta", 4, { from: 1 });
    says("delta", 5);
    expect(heard).toEqual([1, 4, 5]);
    says("snapshot", 2, { epoch: "another" });
    says("delta", 3);
    expect(heard).toEqual([1, 4, 5, 2, 3]);
  });

  it("brings a snapshot to a listener that comes later", async () => {
    live.subscribe("jobs:slurm", { onMessage: () => undefined });
    const socket = await connect();
    socket.says({ type: "snapshot", channel: "jobs:slurm", version: 1, epoch: "e" });
    live.subscribe("jobs:slurm", { onMessage: () => undefined });
    expect(socket.sent.at(-1)).toEqual({ type: "subscribe", channels: ["jobs:slurm"] });
  });

  it("waits longer after each failure, but not when asked to hurry", async () => {
    live.open();
    await vi.advanceTimersByTimeAsync(0);
    for (let failure = 0; failure < 6; failure += 1) {
      latest().ends(1006);
      await vi.advanceTimersByTimeAsync(30_000);
    }
    const tries = FakeSocket.all.length;
    latest().ends(1006);
    await vi.advanceTimersByTimeAsync(5000);
    expect(FakeSocket.all).toHaveLength(tries);
    live.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.all).toHaveLength(tries + 1);
  });

  it("does not use a token again that the server refused", async () => {
    const socket = await connect();
    socket.ends(4401);
    expect(refused).toEqual(["token-1"]);
  });

  it("proves itself anew with each new token, once", async () => {
    const socket = await connect();
    live.authenticate("token-1");
    live.authenticate("token-new");
    expect(socket.sent.filter(({ type }) => type === "auth")).toEqual([
      { type: "auth", token: "token-1" },
      { type: "auth", token: "token-new" },
    ]);
  });

  it("finds out that a connection is dead which was never closed", async () => {
    const socket = await connect();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(socket.sent.at(-1)).toEqual({ type: "ping" });
    await vi.advanceTimersByTimeAsync(25_000);
    expect(live.state).toBe("waiting");
  });
});
