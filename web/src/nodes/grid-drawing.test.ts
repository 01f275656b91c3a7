import { describe, expect, it } from "vitest";
import { indexAt, placeOf } from "./grid-drawing";

describe("the fields of the grid", () => {
  it("lie in rows, and each is found at its place", () => {
    for (const index of [0, 4, 5, 17]) {
      const { x, y } = placeOf(index, 5);
      expect(indexAt(x, y, 5, 18)).toBe(index);
      expect(indexAt(x + 31, y + 31, 5, 18)).toBe(index);
    }
  });

  it("have nothing between them, beside them and behind the last", () => {
    const { x, y } = placeOf(0, 5);
    expect(indexAt(x + 33, y, 5, 18)).toBeNull();
    expect(indexAt(x, y + 34, 5, 18)).toBeNull();
    expect(indexAt(2, y, 5, 18)).toBeNull();
    expect(indexAt(placeOf(4, 5).x + 36, y, 5, 18)).toBeNull();
    const behind = placeOf(18, 5);
    expect(indexAt(behind.x, behind.y, 5, 18)).toBeNull();
  });
});
