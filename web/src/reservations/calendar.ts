// When reservations are. Days are the reader's own; those of a reservation that repeats are carried on from its next date.
import type { Reservation } from "../api/types";

export const CALENDAR_VIEWS = ["week", "month"] as const;
export type CalendarView = (typeof CALENDAR_VIEWS)[number];

export interface CalendarSearch {
  /** Missing: the month. */
  view?: "week";
  /** A day of what is shown, `2026-11-25`; missing: today. */
  day?: string;
}

export function calendarFromSearch(search: Record<string, unknown>): CalendarSearch {
  const found: CalendarSearch = {};
  if (search.view === "week") found.view = "week";
  if (typeof search.day === "string" && parseDay(search.day)) found.day = search.day;
  return found;
}

/** One date of a reservation. */
export interface Occurrence {
  reservation: Reservation;
  from: Date;
  to: Date;
  /** Not Slurm's word, but what repeating makes likely. */
  expected: boolean;
}

const REPEATS = ["DAILY", "WEEKLY", "WEEKDAY", "WEEKEND"] as const;
/** Of one reservation in what is shown. */
const MOST_REPEATS = 60;

export function repeatOf(reservation: Reservation): string | null {
  return reservation.flags.find((flag) => flag === "HOURLY" || isRepeat(flag)) ?? null;
}

/** Its dates between two times. */
export function occurrences(reservation: Reservation, since: Date, until: Date): Occurrence[] {
  const [from, to] = [new Date(reservation.starts_at), new Date(reservation.ends_at)];
  const repeat = reservation.flags.find(isRepeat);
  const step = repeat === "WEEKLY" ? 7 : 1;
  const found: Occurrence[] = [];
  for (let days = 0; found.length < MOST_REPEATS; days += step) {
    // By the calendar, so that the clock stays the same over a change to summer time.
    const begin = addDays(from, days);
    if (begin >= until) break;
    const end = addDays(to, days);
    const isWeekend = [0, 6].includes(begin.getDay());
    const falls = !(repeat === "WEEKDAY" && isWeekend) && !(repeat === "WEEKEND" && !isWeekend);
    if (end > since && falls) found.push({ reservation, from: begin, to: end, expected: days > 0 });
    if (!repeat) break;
  }
  return found;
}

/** The next maintenance that goes on or begins before then. */
export function nextMaintenance(reservations: Reservation[], now: Date, until: Date): Occurrence | null {
  const all = reservations
    .filter(({ is_maintenance }) => is_maintenance)
    .flatMap((reservation) => occurrences(reservation, now, until));
  return all.sort((one, other) => one.from.getTime() - other.from.getTime())[0] ?? null;
}

export function addDays(date: Date, days: number): Date {
  const moved = new Date(date);
  moved.setDate(moved.getDate() + days);
  return moved;
}

export function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

export function parseDay(text: string): Date | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return null;
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number];
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 ? date : null;
}

export function formatDay(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function isRepeat(flag: string): boolean {
  return (REPEATS as readonly string[]).includes(flag);
}
