// When a key ends: after some days, or with a day that was chosen.

export const DAYS = [30, 90, 365] as const;

export interface Expiry {
  /** `null`: on the date. */
  days: number | null;
  /** `2026-12-31`, as people here count days. */
  date: string;
}

const DAY_MS = 86_400_000;
/** So that a site's longest time is not passed because this clock is a little ahead of the server's. */
const MARGIN_MS = 60_000;

/** RFC 3339. */
export function endOf({ days, date }: Expiry, now: number): string {
  if (days !== null) return new Date(now + days * DAY_MS - MARGIN_MS).toISOString();
  return new Date(`${date}T23:59:59`).toISOString();
}

/** The day of this moment here, as a date field takes it. */
export function localDay(moment: number): string {
  const date = new Date(moment);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
