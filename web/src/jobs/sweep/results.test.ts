import { describe, expect, it } from "vitest";
import type { JobDetail, SweepTable } from "../../api/types";
import { job } from "../../test/jobs";
import { failedOf, resultsOf, shownOf } from "./results";

const NONE = new Map<number, string>();
const whole = { ...job("w", { job_id: "5", state: "RUNNING" }), actions: [] } as unknown as JobDetail;
const table: SweepTable = {
  parameters: ["t"],
  rows: [9, 10, -1, "abc", null].map((t, index) => ({
    number: index + 1,
    values: t === null ? {} : { t },
    state: index === 4 ? "CANCELLED" : "PENDING",
    job: null,
  })),
};
const parts = [
  job("a", { job_id: "5_1", state: "COMPLETED", exit_code: 0 }),
  job("b", { job_id: "5_3", state: "FAILED", exit_code: 3 }),
];
const numbers = (results: { number: number }[]) => results.map(({ number }) => number);

describe("a sweep's results", () => {
  const results = resultsOf(table, parts, whole);

  it("have what the page heard of the tasks, and wait where it heard nothing", () => {
    expect(results.map(({ state }) => state)).toEqual([
      "COMPLETED",
      "PENDING",
      "FAILED",
      "PENDING",
      "PENDING",
    ]);
    const over = resultsOf(table, parts, { ...whole, state: "FAILED" });
    expect(over.map(({ state }) => state)[4]).toBe("CANCELLED");
    expect(numbers(failedOf(over))).toEqual([3, 5]);
  });

  it("are sorted by what a parameter is worth, and nothing comes last", () => {
    expect(numbers(shownOf(results, { sort: "p.t" }, NONE))).toEqual([3, 1, 2, 4, 5]);
    expect(numbers(shownOf(results, { sort: "-task" }, NONE))).toEqual([5, 4, 3, 2, 1]);
    expect(numbers(shownOf(results, { sort: "exit" }, NONE))).toEqual([1, 3, 2, 4, 5]);
  });

  it("are found by values, lines and states", () => {
    expect(numbers(shownOf(results, { q: "1" }, NONE))).toEqual([2, 3]);
    expect(numbers(shownOf(results, { q: "drag" }, new Map([[4, "Drag 0.3"]])))).toEqual([4]);
    expect(numbers(shownOf(results, { group: "failed" }, NONE))).toEqual([3]);
  });
});
