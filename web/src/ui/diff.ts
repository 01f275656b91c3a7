// In which lines two texts differ.
import { diffArrays } from "diff";

export interface Range {
  from: number;
  /** Exclusive. */
  to: number;
}

/** Lines `removed` of the one text stand as `added` in the other; either may be empty. */
export interface Change {
  removed: Range;
  added: Range;
}

/** Texts that have less in common than this leaves are one change: nobody reads more, and it would take too long. */
const MAX_DISTANCE = 1500;

/** In order, with lines that are the same between any two. */
export function changesBetween(before: readonly string[], after: readonly string[]): Change[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let [end, otherEnd] = [before.length, after.length];
  while (end > start && otherEnd > start && before[end - 1] === after[otherEnd - 1]) {
    end -= 1;
    otherEnd -= 1;
  }
  if (start === end && start === otherEnd) return [];
  const whole = { removed: { from: start, to: end }, added: { from: start, to: otherEnd } };
  if (start === end || start === otherEnd) return [whole];
  const parts = diffArrays(before.slice(start, end), after.slice(start, otherEnd), {
    maxEditLength: MAX_DISTANCE,
  });
  return parts ? changesOf(parts, start) : [whole];
}

type Part = ReturnType<typeof diffArrays<string>>[number];

function changesOf(parts: readonly Part[], start: number): Change[] {
  const changes: Change[] = [];
  let [x, y] = [start, start];
  let isGoingOn = false;
  for (const { added, removed, count } of parts) {
    if (added || removed) {
      if (!isGoingOn) changes.push({ removed: { from: x, to: x }, added: { from: y, to: y } });
      isGoingOn = true;
      const change = changes.at(-1) as Change;
      if (removed) change.removed.to += count;
      else change.added.to += count;
    } else {
      isGoingOn = false;
    }
    if (!added) x += count;
    if (!removed) y += count;
  }
  return changes;
}
