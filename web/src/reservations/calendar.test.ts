import { describe, expect, it } from "vitest";
import type { Reservation } from "../api/types";
import { calendarFromSearch, formatDay, nextMaintenance } from "./calendar";
import { calendar, daysShown } from "./calendar-days";

const local = (text: string) => new Date(`2026-${text}`).toISOString();

function reservation(name: string, from: string, to: string, flags: string[] = []): Reservation {
  return {
    name,
    starts_at: local(from),
    ends_at: local(to),
    nodes: "c1",
    node_count: 1,
    partition: null,
    is_maintenance: flags.includes("MAINT"),
    flags,
    users: [],
    accounts: [],
    state: "INACTIVE",
  };
}

const shown = (list: Reservation[], view: "week" | "month") =>
  calendar(list, new Date(2026, 10, 25), view, 1)
    .filter(({ occurrences }) => occurrences.length > 0)
    .map(
      ({ date, occurrences }) =>
        `${formatDay(date)} ${occurrences.map((one) => one.reservation.name + (one.expected ? "?" : "")).join(" ")}`,
    );

describe("the calendar", () => {
  it("shows whole weeks, from the reader's first day of the week", () => {
    const day = new Date(2026, 10, 25);
    const ends = (days: Date[]) => [
      days.length,
      days[0] && formatDay(days[0]),
      formatDay(days.at(-1) as Date),
    ];
    expect(ends(daysShown(day, "week", 1))).toEqual([7, "2026-11-23", "2026-11-29"]);
    expect(ends(daysShown(day, "week", 0))).toEqual([7, "2026-11-22", "2026-11-28"]);
    expect(ends(daysShown(day, "month", 1))).toEqual([42, "2026-10-26", "2026-12-06"]);
    expect(ends(daysShown(day, "month", 0))).toEqual([35, "2026-11-01", "2026-12-05"]);
  });

  it("has a reservation on each day that it touches, and not on the one at whose start it ends", () => {
    const night = reservation("night", "11-24T22:00", "11-26T00:00");
    expect(shown([night], "week")).toEqual(["2026-11-24 night", "2026-11-25 night"]);
  });

  it("carries on what repeats, as expected and never before its next date", () => {
    const weekly = reservation("course", "11-10T09:00", "11-10T12:00", ["WEEKLY"]);
    expect(shown([weekly], "month")).toEqual([
      "2026-11-10 course",
      "2026-11-17 course?",
      "2026-11-24 course?",
      "2026-12-01 course?",
    ]);
    const weekdays = reservation("day", "11-27T09:00", "11-27T12:00", ["WEEKDAY"]);
    expect(shown([weekdays], "month").slice(0, 2)).toEqual(["2026-11-27 day", "2026-11-30 day?"]);
  });

  it("finds the maintenance that comes next, also one that goes on", () => {
    const list = [
      reservation("later", "12-05T08:00", "12-05T18:00", ["MAINT"]),
      reservation("course", "11-26T08:00", "11-26T18:00"),
      reservation("friday", "11-27T08:00", "11-27T18:00", ["MAINT"]),
    ];
    const next = (now: string) =>
      nextMaintenance(list, new Date(`2026-${now}`), new Date(2026, 11, 9))?.reservation.name;
    expect(next("11-25T12:00")).toBe("friday");
    expect(next("11-27T12:00")).toBe("friday");
    expect(next("11-27T19:00")).toBe("later");
    expect(next("12-06T19:00")).toBeUndefined();
  });

  it("reads the URL and leaves out what is no day", () => {
    expect(calendarFromSearch({ view: "week", day: "2026-11-25" })).toEqual({
      view: "week",
      day: "2026-11-25",
    });
    expect(calendarFromSearch({ view: "year", day: "2026-02-31" })).toEqual({});
  });
});
