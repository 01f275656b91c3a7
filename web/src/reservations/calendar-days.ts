// Which days a calendar shows, and what lies on each.
import type { Reservation } from "../api/types";
import { addDays, type CalendarView, type Occurrence, occurrences, startOfDay } from "./calendar";

export interface CalendarDay {
  date: Date;
  /** Not of the month that is shown. */
  outside: boolean;
  occurrences: Occurrence[];
}

/** Whole weeks: one, or those of the month. `firstDay`: 0 is Sunday. */
export function daysShown(day: Date, view: CalendarView, firstDay: number): Date[] {
  const first = view === "week" ? day : new Date(day.getFullYear(), day.getMonth(), 1);
  const start = addDays(startOfDay(first), -((first.getDay() - firstDay + 7) % 7));
  const last = view === "week" ? start : new Date(day.getFullYear(), day.getMonth() + 1, 0);
  const days: Date[] = [];
  for (let at = start; at <= last || days.length % 7 !== 0; at = addDays(at, 1)) days.push(at);
  return days;
}

export function calendar(
  reservations: Reservation[],
  day: Date,
  view: CalendarView,
  firstDay: number,
): CalendarDay[] {
  const days = daysShown(day, view, firstDay);
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) return [];
  const all = reservations.flatMap((reservation) => occurrences(reservation, first, addDays(last, 1)));
  return days.map((date) => ({
    date,
    outside: view === "month" && date.getMonth() !== day.getMonth(),
    occurrences: all
      .filter(({ from, to }) => from < addDays(date, 1) && to > date)
      .sort((one, other) => one.from.getTime() - other.from.getTime()),
  }));
}
