// Which rows of a list are selected. Kept by key, so that it outlives live changes of the list; what a row said when it
// was selected is kept with it, since the row may leave the list.
import { useCallback, useMemo, useRef, useState } from "react";

export interface Selection<Row> {
  /** As the list says now, else as they were when they were selected. */
  rows: Row[];
  has(key: string): boolean;
  /** How the box above all rows stands. */
  all: "none" | "some" | "all";
  /** No more can be selected. */
  full: boolean;
  /** Turns the row at this place; with `extend`, all between it and the last one that was turned follow it. */
  toggle(index: number, extend: boolean): void;
  /** Selects all between two places, as Shift and an arrow key ask. */
  extend(from: number, to: number): void;
  /** All rows of the list, as many as may be selected; none, where they are. */
  toggleAll(): void;
  select(rows: Row[]): void;
  clear(): void;
}

/**
 * @param most so many rows at most.
 * @param list which list it is: another one begins with nothing selected, since what was selected for this one would be
 *   acted on unseen.
 */
export function useSelection<Row>(
  rows: readonly Row[] | undefined,
  keyOf: (row: Row) => string,
  most: number,
  list = "",
): Selection<Row> {
  const [selected, setSelected] = useState<ReadonlyMap<string, Row>>(() => new Map());
  const [of, setOf] = useState(list);
  const anchor = useRef<string | null>(null);
  const shown = rows ?? NONE;
  if (of !== list) {
    setOf(list);
    setSelected(new Map());
  }

  const now = useMemo(() => {
    if (selected.size === 0) return { rows: [] as Row[], shown: 0 };
    const current = new Map(selected);
    let count = 0;
    for (const row of shown) {
      const key = keyOf(row);
      if (!current.has(key)) continue;
      current.set(key, row);
      count += 1;
    }
    return { rows: [...current.values()], shown: count };
  }, [selected, shown, keyOf]);

  const put = useCallback(
    (some: readonly Row[], on: boolean) =>
      setSelected((before) => {
        const next = new Map(before);
        for (const row of some) {
          const key = keyOf(row);
          if (!on) next.delete(key);
          else if (next.has(key) || next.size < most) next.set(key, row);
        }
        return next;
      }),
    [keyOf, most],
  );
  const clear = useCallback(() => {
    anchor.current = null;
    setSelected((before) => (before.size === 0 ? before : new Map()));
  }, []);

  const all = now.shown === 0 ? "none" : now.shown >= Math.min(shown.length, most) ? "all" : "some";
  const between = (one: number, other: number) =>
    shown.slice(Math.min(one, other), Math.max(one, other) + 1) as Row[];
  return {
    rows: now.rows,
    all,
    full: selected.size >= most,
    has: (key) => selected.has(key),
    toggle(index, extend) {
      const row = shown[index];
      if (row === undefined) return;
      const from = extend ? shown.findIndex((other) => keyOf(other) === anchor.current) : -1;
      put(from < 0 ? [row] : between(from, index), !selected.has(keyOf(row)));
      anchor.current = keyOf(row);
    },
    extend(from, to) {
      put(between(from, to), true);
      const row = shown[to];
      anchor.current = row === undefined ? null : keyOf(row);
    },
    toggleAll() {
      if (all === "all") clear();
      else put(shown, true);
    },
    select: (some) => put(some, true),
    clear,
  };
}

const NONE: never[] = [];
