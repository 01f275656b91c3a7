import { expect, it } from "vitest";
import { areasOf } from "./areas";

it("draws one shape for each stretch that was read", () => {
  const columns = { times: [0, 50, 60, 100], lines: [[0.5, 1, null, 0]] };
  expect(areasOf(columns, 0, 100, 100, 12)).toEqual([
    "M0 12L0 7L50 2L50 2L50 12Z",
    "M100 12L100 12L101 12L101 12Z",
  ]);
  expect(areasOf({ times: [], lines: [] }, 0, 100, 100, 12)).toEqual([]);
});
