// How a sweep's table is looked at, in the page's address.
import { type ListGroup, STATE_GROUPS } from "../states";

export interface SweepSearch {
  /** Column id, with a minus before it for descending. */
  rows_sort?: string;
  rows_q?: string;
  rows_state?: ListGroup;
  /** Which line of the tasks' output or file is shown. */
  rows_line?: "first" | "last";
  rows_file?: string;
}

export function sweepFromSearch(search: Record<string, unknown>): SweepSearch {
  const { rows_sort: sort, rows_q: q, rows_state: state, rows_line: line, rows_file: file } = search;
  return {
    ...(typeof sort === "string" && sort !== "" ? { rows_sort: sort } : {}),
    // The router reads a search for "12" as a number.
    ...((typeof q === "string" && q !== "") || typeof q === "number" ? { rows_q: String(q) } : {}),
    ...(STATE_GROUPS.includes(state as ListGroup) ? { rows_state: state as ListGroup } : {}),
    ...(line === "first" || line === "last" ? { rows_line: line } : {}),
    ...(typeof file === "string" && file !== "" ? { rows_file: file } : {}),
  };
}
