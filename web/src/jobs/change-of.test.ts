import { describe, expect, it } from "vitest";
import type { JobDetail } from "../api/types";
import { job } from "../test/jobs";
import { changeFormOf, changeOf } from "./change-of";

const before = changeFormOf({ ...job("7"), time_limit_minutes: 60, qos: "normal" } as unknown as JobDetail);

describe("a change of a job", () => {
  it("holds only what differs", () => {
    expect(changeOf(before, before)).toEqual({});
    expect(changeOf(before, { ...before, minutes: 30, qos: " low " })).toEqual({
      time_limit_minutes: 30,
      qos: "low",
    });
  });

  it("says null for no time limit, no reservation and no dependency", () => {
    const form = { ...before, minutes: "" as const, withoutReservation: true, withoutDependency: true };
    expect(changeOf(before, form)).toEqual({
      time_limit_minutes: null,
      reservation: null,
      dependency: null,
    });
  });
});
