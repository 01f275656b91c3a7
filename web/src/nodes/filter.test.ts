import { describe, expect, it } from "vitest";
import { node } from "../test/nodes";
import { matching, nodeFilterFromSearch, shareOf, sorted } from "./filter";

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

  it("finds by feature, and reads the order from the URL", () => {
    const nodes = [node("c1", { features: ["ib", "avx"] }), node("c2", { features: ["avx512"] })];
    expect(matching(nodes, { feature: "avx" }).map(({ name }) => name)).toEqual(["c1"]);
    expect(nodeFilterFromSearch({ feature: "ib", sort: "-load" })).toEqual({ feature: "ib", sort: "-load" });
    expect(nodeFilterFromSearch({ sort: "-reason" })).toEqual({});
  });

  it("puts nodes in order, by their numbers, and those without a figure last", () => {
    const nodes = [
      node("c10", { load: 3 }),
      node("c2", { load: null }),
      node("c1", { load: 7, cpus: { total: 4, used: 4 } }),
    ];
    const order = (sort: "name" | "-name" | "load" | "-load" | "-cpus" | undefined) =>
      sorted(nodes, sort).map(({ name }) => name);
    expect(order(undefined)).toEqual(["c10", "c2", "c1"]);
    expect(order("name")).toEqual(["c1", "c2", "c10"]);
    expect(order("-name")).toEqual(["c10", "c2", "c1"]);
    expect(order("load")).toEqual(["c10", "c1", "c2"]);
    expect(order("-load")).toEqual(["c1", "c10", "c2"]);
    expect(order("-cpus")[0]).toBe("c1");
  });
});
