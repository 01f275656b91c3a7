import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { type JobPages, jobListsKey, jobQuery } from "../jobs/queries";
import { job } from "../test/jobs";
import { applyJobs, mergeIntoPages } from "./jobs-cache";

const at = (minute: number) => `2026-11-24T02:${String(minute).padStart(2, "0")}:00Z`;

function pages(...lists: ReturnType<typeof job>[][]): JobPages {
  return {
    pages: lists.map((items, index) => ({
      items,
      next_cursor: index < lists.length - 1 ? String(index + 1) : null,
      ...(index === 0 ? { total: lists.flat().length } : {}),
    })),
    pageParams: lists.map((_, index) => (index === 0 ? null : String(index))),
  };
}

const ids = (list: JobPages) => list.pages.map((page) => page.items.map(({ id }) => id));

describe("what the live connection says of jobs", () => {
  it("changes a job where it stands", () => {
    const before = pages([job("2", { submitted_at: at(2) }), job("1", { submitted_at: at(1) })]);
    const after = mergeIntoPages(before, {}, [job("1", { submitted_at: at(1), state: "RUNNING" })], []);
    expect(ids(after)).toEqual([["2", "1"]]);
    expect(after.pages[0]?.items[1]?.state).toBe("RUNNING");
    expect(after.pages[0]?.total).toBe(2);
  });

  it("leaves a list alone that it says nothing new of, so that nothing renders again", () => {
    const before = pages([job("1")]);
    expect(mergeIntoPages(before, {}, [job("1")], ["9"])).toBe(before);
  });

  it("knows how the parts of an array stand, and keeps it where a message does not say", () => {
    const before = pages([job("1", { parts: { RUNNING: 2 } })]);
    expect(mergeIntoPages(before, {}, [job("1", { parts: { RUNNING: 2 } })], [])).toBe(before);
    const after = mergeIntoPages(before, {}, [job("1", { parts: { COMPLETED: 1, RUNNING: 1 } })], []);
    expect(after.pages[0]?.items[0]?.parts).toEqual({ COMPLETED: 1, RUNNING: 1 });
    const cancelled = mergeIntoPages(after, {}, [job("1", { state: "CANCELLED" })], []);
    expect(cancelled.pages[0]?.items[0]?.parts).toEqual({ COMPLETED: 1, RUNNING: 1 });
  });

  it("puts a new job where the list's order wants it", () => {
    const before = pages([job("3", { submitted_at: at(3) }), job("1", { submitted_at: at(1) })]);
    const newest = mergeIntoPages(before, {}, [job("4", { submitted_at: at(4) })], []);
    expect(ids(newest)).toEqual([["4", "3", "1"]]);
    expect(newest.pages[0]?.total).toBe(3);
    const between = mergeIntoPages(before, {}, [job("2", { submitted_at: at(2) })], []);
    expect(ids(between)).toEqual([["3", "2", "1"]]);
    const oldestFirst = pages([job("1", { submitted_at: at(1) }), job("3", { submitted_at: at(3) })]);
    expect(
      ids(mergeIntoPages(oldestFirst, { sort: "submitted_at" }, [job("4", { submitted_at: at(4) })], [])),
    ).toEqual([["1", "3", "4"]]);
  });

  it("leaves out a job that belongs behind the last page that was loaded", () => {
    const before = pages([job("3", { submitted_at: at(3) })]);
    const [first] = before.pages;
    const loading: JobPages = {
      ...before,
      pages: [{ items: first?.items ?? [], next_cursor: "more", total: 50 }],
    };
    expect(ids(mergeIntoPages(loading, {}, [job("1", { submitted_at: at(1) })], []))).toEqual([["3"]]);
  });

  it("takes a job out of a list whose filter it does not match any more", () => {
    const before = pages([job("1"), job("2")]);
    const after = mergeIntoPages(before, { group: "waiting" }, [job("1", { state: "RUNNING" })], []);
    expect(ids(after)).toEqual([["2"]]);
    expect(after.pages[0]?.total).toBe(1);
  });

  it("does not let another's job into my list", () => {
    const before = pages([job("1")]);
    expect(mergeIntoPages(before, { mine: true }, [job("2", { mine: false })], [])).toBe(before);
  });

  it("removes a job from whichever page holds it", () => {
    const before = pages([job("3", { submitted_at: at(3) })], [job("1", { submitted_at: at(1) })]);
    const after = mergeIntoPages(before, {}, [], ["1"]);
    expect(ids(after)).toEqual([["3"], []]);
    expect(after.pages[0]?.total).toBe(1);
  });

  it("reaches every list and the job's own page, and no other cluster's", () => {
    const cache = new QueryClient();
    const mine = [...jobListsKey("slurm"), { mine: true }];
    const all = [...jobListsKey("slurm"), {}];
    const elsewhere = [...jobListsKey("local"), {}];
    for (const key of [mine, all, elsewhere]) cache.setQueryData(key, pages([job("1")]));
    const detailKey = jobQuery("slurm", "1").queryKey;
    const detail = { ...job("1"), files: [], actions: ["cancel" as const], stale: false };
    cache.setQueryData(detailKey, detail);

    applyJobs(cache, "slurm", [job("1", { state: "RUNNING" })], []);

    const stateIn = (key: readonly unknown[]) => cache.getQueryData<JobPages>(key)?.pages[0]?.items[0]?.state;
    expect([mine, all, elsewhere].map(stateIn)).toEqual(["RUNNING", "RUNNING", "PENDING"]);
    expect(cache.getQueryData(detailKey)).toMatchObject({ state: "RUNNING", actions: ["cancel"] });
    // What may be done with it has changed with its state: ask again.
    expect(cache.getQueryState(detailKey)?.isInvalidated).toBe(true);
  });
});
