import { describe, expect, it } from "vitest";
import type { UsePoint } from "../api/types";
import { columnsOf, lonely, meanShare, stacked } from "./series";

function point(at: string, allocated: number, readings = 1): UsePoint {
  const none = { allocated: 0, idle: 0, down: 0 };
  return {
    at: `2026-11-24T${at}:00Z`,
    readings,
    cpus: { allocated, idle: 8 - allocated, down: 0 },
    memory_mib: none,
    gpus: none,
    jobs: null,
  };
}

describe("the columns of a picture", () => {
  const items = [point("10:00", 2), point("10:01", 4), point("10:07", 8)];
  const columns = columnsOf({ items, step_seconds: 60 }, ({ cpus }) => [cpus.allocated, cpus.idle]);

  it("have a gap where points are missing, and none elsewhere", () => {
    const start = Date.parse("2026-11-24T10:00:00Z") / 1000;
    expect(columns.times.map((time) => time - start)).toEqual([0, 60, 120, 420]);
    expect(columns.lines).toEqual([
      [2, 4, null, 8],
      [6, 4, null, 0],
    ]);
  });

  it("are put on top of each other, gaps staying gaps", () => {
    expect(stacked(columns).lines).toEqual([
      [2, 4, null, 8],
      [8, 8, null, 8],
    ]);
  });

  it("know the points that no line goes through", () => {
    expect(lonely([2, 4, null, 8])).toEqual([3]);
    expect(lonely([1])).toEqual([0]);
    expect(lonely([null, null])).toEqual([]);
  });

  it("and their mean counts each reading once", () => {
    expect(meanShare([point("10:00", 0, 3), point("11:00", 8, 1)], ({ cpus }) => cpus)).toBe(0.25);
    expect(meanShare([], ({ cpus }) => cpus)).toBeNull();
  });
});
