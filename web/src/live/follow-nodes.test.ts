import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import type { NodePage } from "../api/types";
import { nodeQuery, nodesQuery } from "../nodes/queries";
import { node } from "../test/nodes";
import { type ChannelMessage, LiveConnection, type Subscription } from "./connection";
import { followNodes } from "./follow-nodes";

class Heard extends LiveConnection {
  asked: string[] = [];
  private listener: Subscription | null = null;

  override subscribe(channel: string, subscription: Subscription): () => void {
    this.asked.push(channel);
    this.listener = subscription;
    return () => {
      this.listener = null;
    };
  }

  says(message: Omit<ChannelMessage, "channel">) {
    this.listener?.onMessage({ channel: "nodes:slurm", ...message } as ChannelMessage);
  }
}

let cache: QueryClient;
let connection: Heard;
let leave: () => void;
const key = nodesQuery("slurm").queryKey;
const page = () => cache.getQueryData<NodePage>(key);
const states = () => page()?.items.map(({ name, state }) => `${name} ${state}`);

beforeEach(() => {
  cache = new QueryClient();
  connection = new Heard({ url: "", token: async () => "", onRefused: () => undefined });
  leave = followNodes(connection, cache, "slurm");
});

describe("what the live connection says of nodes", () => {
  it("fills the list, changes it, and takes from it", () => {
    expect(connection.asked).toEqual(["nodes:slurm"]);
    connection.says({ type: "snapshot", items: [node("c1"), node("c2")], as_of: "2026-11-24T02:00:00Z" });
    expect(states()).toEqual(["c1 idle", "c2 idle"]);
    connection.says({
      type: "delta",
      upsert: [node("c2", { state: "drained" }), node("c3")],
      remove: ["c1"],
    });
    expect(states()).toEqual(["c2 drained", "c3 idle"]);
    expect(page()?.as_of).toBe("2026-11-24T02:00:00Z");
  });

  it("does not take a delta for the whole list", () => {
    connection.says({ type: "delta", upsert: [node("c1")], remove: [] });
    expect(page()).toBeUndefined();
  });

  it("tells that the list is old, and keeps it", () => {
    connection.says({ type: "snapshot", items: [node("c1")], as_of: "2026-11-24T02:00:00Z" });
    connection.says({
      type: "status",
      as_of: "2026-11-24T02:00:00Z",
      stale: true,
      stale_reason: "sinfo: gone",
    });
    expect(page()).toMatchObject({ stale: true, stale_reason: "sinfo: gone" });
    expect(states()).toEqual(["c1 idle"]);
  });

  it("asks for a node's page again when more than its load changed", () => {
    const detail = nodeQuery("slurm", "c1").queryKey;
    connection.says({ type: "snapshot", items: [node("c1")] });
    cache.setQueryData(detail, { ...node("c1"), os: "Linux" } as never);
    connection.says({ type: "delta", upsert: [node("c1", { load: 3 })], remove: [] });
    expect(cache.getQueryData(detail)).toMatchObject({ load: 3, os: "Linux" });
    expect(cache.getQueryState(detail)?.isInvalidated).toBe(false);
    connection.says({ type: "delta", upsert: [node("c1", { load: 3, state: "down" })], remove: [] });
    expect(cache.getQueryState(detail)?.isInvalidated).toBe(true);
  });

  it("hears nothing more when it has left", () => {
    leave();
    connection.says({ type: "snapshot", items: [node("c1")] });
    expect(page()).toBeUndefined();
  });
});
