// Which events of the audit are shown: in the URL, and as the server is asked. Times in the URL are UTC, so that a
// colleague elsewhere sees the same events.
import type { AuditResult } from "../../api/types";
import { AUDIT_RESULTS } from "./results";

export interface AuditFilter {
  q?: string;
  actor?: string;
  action?: string;
  object?: string;
  result?: AuditResult;
  since?: string;
  until?: string;
}

export interface AuditSearch extends AuditFilter {
  /** The event that is open. */
  event?: string;
}

const TEXTS = ["q", "actor", "action", "object", "event"] as const;
const TIMES = ["since", "until"] as const;

/** Reads the URL's search; what is not understood is left out. */
export function auditFromSearch(search: Record<string, unknown>): AuditSearch {
  const filter: AuditSearch = {};
  for (const name of TEXTS) {
    const value = search[name];
    // The router reads a search for "12" as a number.
    if ((typeof value === "string" && value !== "") || typeof value === "number")
      filter[name] = String(value);
  }
  for (const name of TIMES) {
    const value = search[name];
    if (typeof value === "string" && !Number.isNaN(Date.parse(value))) filter[name] = value;
  }
  const result = AUDIT_RESULTS.find((result) => result === search.result);
  return { ...filter, ...(result && { result }) };
}

export function filterOf({ event: _, ...filter }: AuditSearch): AuditFilter {
  return filter;
}

/** A moment as a field for date and time takes it, in this place's time; empty for none. */
export function toLocalField(moment: string | undefined): string {
  if (!moment) return "";
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The other way round; `undefined` where nothing whole is in the field. */
export function fromLocalField(value: string): string | undefined {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
