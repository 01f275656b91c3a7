import { describe, expect, it } from "vitest";
import { node } from "../test/nodes";
import { matching, nodeFilterFromSearch, shareOf } from "./filter";

describe("the filter of nodes", () => {
  it("takes from the URL what it knows, and nothing else", () => {
    expect(nodeFilterFromSearch({ q: 12, state: "idle", view: "grid", colour: "gpus" })).toEqual({
      q: "12",
      state: "idle",
      view: "grid",
      colour: "gpus",
    });
    expect(nodeFilterFromSearch({ q: "", view: "table", colour: "state", partition: ["a"], x: 1 })).toEqual(
      {},
    );
  });

  it("finds by name and by reason, in any case", () => {
    const nodes = [node("c1"), node("g1", { reason: "Bad disk" }), node("c2", { state: "down" })];
    const names = (filter: object) => matching(nodes, filter).map(({ name }) => name);
    expect(names({ q: "C" })).toEqual(["c1", "c2"]);
    expect(names({ q: "bad" })).toEqual(["g1"]);
    expect(names({ q: "c", state: "down" })).toEqual(["c2"]);
    expect(names({ partition: "gpu" })).toEqual([]);
    expect(names({ partition: "cpu" })).toEqual(["c1", "g1", "c2"]);
  });

  it("tells the share in use, and nothing where there is none", () => {
    const busy = node("c1", { load: 6, memory_mib: { total: 1000, used: 250 }, gpus: { total: 0, used: 0 } });
    expect(shareOf(busy, "load")).toBe(1.5);
    expect(shareOf(busy, "memory")).toBe(0.25);
    expect(shareOf(busy, "gpus")).toBeNull();
    expect(shareOf(node("c2", { load: null }), "load")).toBeNull();
  });
});
