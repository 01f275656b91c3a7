// Which time and which partition the use is shown of, as the URL says it.
export const RANGES = ["hours", "day", "week", "month", "year"] as const;
export type Range = (typeof RANGES)[number];

export interface UseSearch {
  /** Missing: a day. */
  range?: Exclude<Range, "day">;
  /** Missing: the whole cluster. */
  partition?: string;
}

export function rangeFromSearch(search: Record<string, unknown>): UseSearch {
  const found: UseSearch = {};
  const range = RANGES.find((known) => known === search.range);
  if (range && range !== "day") found.range = range;
  if (
    (typeof search.partition === "string" && search.partition !== "") ||
    typeof search.partition === "number"
  )
    found.partition = String(search.partition);
  return found;
}

const HOURS: Record<Range, number> = { hours: 6, day: 24, week: 24 * 7, month: 24 * 31, year: 24 * 365 };

/** Where it begins: at a full minute, so that the same picture is asked for by the same words. */
export function beginOf(range: Range, now: number): string {
  const minute = Math.floor(now / 60_000) * 60_000;
  return new Date(minute - HOURS[range] * 3_600_000).toISOString();
}
