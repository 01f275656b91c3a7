// Which jobs a list shows and in which order: the same question for the server, for the URL and for live changes.
import type { Job } from "../api/types";
import { groupOf, JOB_STATES, type ListGroup, STATE_GROUPS } from "./states";

/** What the server can sort by, with a minus before it for descending. */
export const JOB_SORTS = ["-submitted_at", "submitted_at"] as const;
export type JobSort = (typeof JOB_SORTS)[number];

export interface JobFilter {
  mine?: boolean;
  group?: ListGroup;
  partition?: string;
  q?: string;
  sort?: JobSort;
  /** Only the parts of this array or heterogeneous job. Never in the URL. */
  array?: { id: string; number: string };
}

export const DEFAULT_SORT: JobSort = "-submitted_at";

/** Reads the URL's search; what is not understood is left out. */
export function filterFromSearch(search: Record<string, unknown>): JobFilter {
  const filter: JobFilter = {};
  if (search.mine === true || search.mine === "true") filter.mine = true;
  if (STATE_GROUPS.includes(search.group as ListGroup)) filter.group = search.group as ListGroup;
  if (isText(search.partition)) filter.partition = search.partition;
  // The router reads a search for "12" as a number.
  if (isText(search.q) || typeof search.q === "number") filter.q = String(search.q);
  if (JOB_SORTS.includes(search.sort as JobSort)) filter.sort = search.sort as JobSort;
  return filter;
}

/** The query string of `GET …/jobs`. */
export function queryOf(filter: JobFilter) {
  const { group } = filter;
  return {
    sort: filter.sort ?? DEFAULT_SORT,
    ...(filter.mine ? { user: "me" } : {}),
    ...(group ? { state: JOB_STATES.filter((state) => shows(group, state)).join(",") } : {}),
    ...(filter.partition ? { partition: filter.partition } : {}),
    ...(filter.q ? { q: filter.q } : {}),
    ...(filter.array ? { array: filter.array.id } : collapses(filter) ? { collapse: true } : {}),
  };
}

/** Whether the server would have put this job into the list. */
export function matches(job: Job, filter: JobFilter): boolean {
  if (filter.mine && !job.mine) return false;
  if (filter.array) {
    if (partOf(job.job_id)?.whole !== filter.array.number) return false;
  } else if (collapses(filter) && partOf(job.job_id)) return false;
  if (filter.group && !shows(filter.group, job.state)) return false;
  if (filter.partition && job.partition !== filter.partition) return false;
  if (filter.q) {
    const wanted = filter.q.toLowerCase();
    return job.name.toLowerCase().includes(wanted) || (job.job_id ?? "").startsWith(wanted);
  }
  return true;
}

export function compareBy(sort: JobSort = DEFAULT_SORT): (a: Job, b: Job) => number {
  const newestFirst = sort.startsWith("-");
  return (a, b) => {
    // Moments may be written with more or fewer digits: compare what they mean.
    const order = Date.parse(a.submitted_at) - Date.parse(b.submitted_at) || (a.id < b.id ? -1 : 1);
    return newestFirst ? -order : order;
  };
}

/** Of `5_1` or `5+1`: of what it is a part, and which. */
export function partOf(jobId: string | null | undefined): { whole: string; part: number } | null {
  const [, whole, part] = /^(\d+)[_+](\d+)$/.exec(jobId ?? "") ?? [];
  return whole && part ? { whole, part: Number(part) } : null;
}

/** Arrays are one row, but whoever looks for a task's number is shown tasks. */
function collapses(filter: JobFilter): boolean {
  return !/^\d+[_+]/.test(filter.q ?? "");
}

/** Whether a list of this group shows jobs in this state. What may have been lost is looked for where failures are. */
function shows(group: ListGroup, state: string): boolean {
  const own = groupOf(state);
  return own === group || (group === "failed" && own === "unknown");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
