import { describe, expect, it } from "vitest";
import { changesBetween } from "./diff";

/** What the changes make of the one text. */
function applied(before: string[], after: string[]): string[] {
  const result: string[] = [];
  let at = 0;
  for (const { removed, added } of changesBetween(before, after)) {
    result.push(...before.slice(at, removed.from), ...after.slice(added.from, added.to));
    at = removed.to;
  }
  return [...result, ...before.slice(at)];
}

const changedLines = (before: string, after: string) =>
  changesBetween([...before], [...after]).reduce(
    (sum, { removed, added }) => sum + removed.to - removed.from + added.to - added.from,
    0,
  );

describe("the difference of two texts", () => {
  it("is nothing where they are the same", () => {
    expect(changesBetween(["a", "b"], ["a", "b"])).toEqual([]);
    expect(changesBetween([], [])).toEqual([]);
  });

  it("is where lines were changed, added and removed", () => {
    expect(changesBetween([..."abcdef"], [..."aBcdXef"])).toEqual([
      { removed: { from: 1, to: 2 }, added: { from: 1, to: 2 } },
      { removed: { from: 4, to: 4 }, added: { from: 4, to: 5 } },
    ]);
    expect(changesBetween([], ["a"])).toEqual([{ removed: { from: 0, to: 0 }, added: { from: 0, to: 1 } }]);
  });

  it("is as short as it can be", () => {
    expect(changedLines("abcabba", "cbabac")).toBe(5);
    expect(changedLines("xaxbxcx", "abc")).toBe(4);
  });

  it("makes of the one text the other", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (let round = 0; round < 300; round += 1) {
      const some = () => Array.from({ length: random(30) }, () => String(random(4)));
      const [before, after] = [some(), some()];
      expect(applied(before, after)).toEqual(after);
    }
  });

  it("of texts that have nothing in common is the whole, soon", () => {
    const before = Array.from({ length: 20_000 }, (_, at) => `one ${at}`);
    const after = Array.from({ length: 20_000 }, (_, at) => `other ${at}`);
    const start = performance.now();
    expect(changesBetween(["same", ...before], ["same", ...after])).toEqual([
      { removed: { from: 1, to: 20_001 }, added: { from: 1, to: 20_001 } },
    ]);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
