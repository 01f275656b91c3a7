// Points of the API as columns for a picture: one column of times, one for each line; where a point is missing, a gap.
import type { UseOverTime, UsePoint } from "../api/types";

export type Column = (number | null)[];

/** Seconds since 1970, as uPlot takes them. */
export interface Columns {
  times: number[];
  lines: Column[];
}

/** Between two points that are further apart than their step something is missing. */
export function columnsOf(
  { items, step_seconds: step }: Pick<UseOverTime, "items" | "step_seconds">,
  values: (point: UsePoint) => number[],
): Columns {
  const times: number[] = [];
  const lines: Column[] = [];
  const push = (time: number, row: (number | null)[]) => {
    times.push(time);
    for (const [at, value] of row.entries()) {
      const line = lines[at];
      if (line) line.push(value);
      else lines.push([value]);
    }
  };
  let last: number | null = null;
  for (const point of items) {
    const time = Date.parse(point.at) / 1000;
    const row = values(point);
    if (last !== null && time - last > step * 1.5)
      push(
        last + step,
        row.map(() => null),
      );
    push(time, row);
    last = time;
  }
  return { times, lines };
}

/** Each line on top of those before it. */
export function stacked({ times, lines }: Columns): Columns {
  const sums: Column[] = [];
  for (const line of lines) {
    const below = sums.at(-1);
    sums.push(line.map((value, at) => (value === null ? null : value + (below?.[at] ?? 0))));
  }
  return { times, lines: sums };
}

/** Points with nothing on either side, which no line goes through. */
export function lonely(line: Column): number[] {
  const empty = (at: number) => line[at] === null || line[at] === undefined;
  return line.map((_, at) => at).filter((at) => !empty(at) && empty(at - 1) && empty(at + 1));
}

/** The share of the whole that was given to jobs, weighted by what was read. */
export function meanShare(items: UsePoint[], of: (point: UsePoint) => UsePoint["cpus"]): number | null {
  let [used, all] = [0, 0];
  for (const point of items) {
    const { allocated, idle, down } = of(point);
    used += allocated * point.readings;
    all += (allocated + idle + down) * point.readings;
  }
  return all > 0 ? used / all : null;
}
