// The rows of a sweep with what is known of their tasks: found, sorted and told.
import type { Job, JobDetail, SweepTable } from "../../api/types";
import { partOf } from "../filter";
import { signalOf } from "../signal-of";
import { groupOf, isFinal, type ListGroup } from "../states";

export interface Result {
  number: number;
  values: Record<string, unknown>;
  state: string | null;
  job: Job | null;
}

export interface ResultFilter {
  /** Column id, with a minus before it for descending. */
  sort?: string;
  q?: string;
  group?: ListGroup;
}

/** What the page hears of the tasks is newer than the table that was asked for. */
export function resultsOf(table: SweepTable, parts: readonly Job[], whole: JobDetail): Result[] {
  const heard = new Map(parts.map((part) => [partOf(part.job_id)?.part, part]));
  return table.rows.map(({ number, values, state, job }) => {
    const task = heard.get(number) ?? job ?? null;
    // Slurm lists waiting tasks as one.
    const unheard = isFinal(whole.state) ? (state ?? null) : "PENDING";
    return { number, values: values as Record<string, unknown>, state: task?.state ?? unheard, job: task };
  });
}

export function textOf(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

/** Rows that failed, whose tasks are over. */
export function failedOf(results: readonly Result[]): Result[] {
  return results.filter(({ state }) => state !== null && isFinal(state) && groupOf(state) !== "completed");
}

export function shownOf(
  results: readonly Result[],
  filter: ResultFilter,
  lines: ReadonlyMap<number, string>,
): Result[] {
  const wanted = (filter.q ?? "").toLowerCase();
  const found = results.filter(
    ({ number, values, state }) =>
      (!filter.group || (state !== null && groupOf(state) === filter.group)) &&
      (wanted === "" ||
        Object.values(values).some((value) => textOf(value).toLowerCase().includes(wanted)) ||
        (lines.get(number) ?? "").toLowerCase().includes(wanted)),
  );
  const { sort = "task" } = filter;
  const id = sort.replace(/^-/, "");
  const key = (result: Result) => keyOf(result, id, lines);
  const sorted = found.toSorted((a, b) => compare(key(a), key(b)) || a.number - b.number);
  return sort.startsWith("-") ? sorted.reverse() : sorted;
}

/** A parameter may have any name: its column's id is apart from those of the results. */
export const parameterColumn = (name: string) => `p.${name}`;

function keyOf(
  { number, values, state, job }: Result,
  id: string,
  lines: ReadonlyMap<number, string>,
): string {
  switch (id) {
    case "task":
      return String(number);
    case "state":
      return state ?? "";
    case "exit":
      return textOf(job?.exit_code ?? (job && signalOf(job)));
    case "elapsed":
      return job?.started_at && job.ended_at
        ? String(Date.parse(job.ended_at) - Date.parse(job.started_at))
        : "";
    case "line":
      return lines.get(number) ?? "";
    default:
      return textOf(values[id.slice(2)]);
  }
}

/** Numbers by what they are worth, before texts; what is empty comes last. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "" || b === "") return a === "" ? 1 : -1;
  const [first, second] = [Number(a), Number(b)];
  if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second;
  if (Number.isNaN(first) !== Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1;
  return a.localeCompare(b);
}
