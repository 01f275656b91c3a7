import { describe, expect, it } from "vitest";
import { job } from "../test/jobs";
import { filterFromSearch, type JobFilter, matches, queryOf } from "./filter";
import { groupOf, isFinal, JOB_STATES } from "./states";

describe("a filter of jobs", () => {
  it("is read from the URL with caution", () => {
    const search = { mine: true, group: "nonsense", q: 42, partition: "", sort: "name; drop", other: 1 };
    expect(filterFromSearch(search)).toEqual({ mine: true, q: "42" });
  });

  it("asks the server for the states of its group", () => {
    expect(queryOf({ group: "waiting" }).state).toBe("SUBMITTING,PENDING,CONFIGURING");
    expect(queryOf({ mine: true, q: "a" })).toEqual({
      sort: "-submitted_at",
      user: "me",
      q: "a",
      collapse: true,
    });
  });

  it("looks for what may have been lost among the failures", () => {
    expect(matches(job("1", { state: "OUTCOME_UNKNOWN" }), { group: "failed" })).toBe(true);
  });

  it("finds a name by any part and an id by its beginning", () => {
    const one = job("1234", { name: "Wind Tunnel" });
    expect(matches(one, { q: "tunnel" })).toBe(true);
    expect(matches(one, { q: "12" })).toBe(true);
    expect(matches(one, { q: "34" })).toBe(false);
  });

  it("has an array as one row, and its tasks where they are asked for", () => {
    const [array, task, component] = [job("5"), job("5_1"), job("5+1")];
    const shown = (filter: JobFilter) => [array, task, component].filter((one) => matches(one, filter));
    expect(shown({})).toEqual([array]);
    expect(shown({ q: "5_" })).toEqual([task]);
    expect(queryOf({ q: "5_" })).toEqual({ sort: "-submitted_at", q: "5_" });
    const whole = { id: "an id", number: "5" };
    expect(shown({ array: whole })).toEqual([task, component]);
    expect(shown({ array: { ...whole, number: "55" } })).toEqual([]);
    expect(queryOf({ array: whole })).toEqual({ sort: "-submitted_at", array: "an id" });
  });
});

describe("a state", () => {
  it("that a newer server says is unknown, and over as far as anyone can tell", () => {
    expect(groupOf("TELEPORTED")).toBe("unknown");
    expect(isFinal("TELEPORTED")).toBe(true);
  });

  it("is final or not as the scheduler has it", () => {
    const going = JOB_STATES.filter((state) => !isFinal(state));
    expect(going).toEqual(["SUBMITTING", "PENDING", "CONFIGURING", "RUNNING", "SUSPENDED", "COMPLETING"]);
  });
});
