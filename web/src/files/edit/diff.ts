// In which lines two texts differ (Myers, "An O(ND) Difference Algorithm and Its Variations").

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
  const changes = shortest(before.slice(start, end), after.slice(start, otherEnd));
  const moved = ({ from, to }: Range) => ({ from: from + start, to: to + start });
  return changes?.map(({ removed, added }) => ({ removed: moved(removed), added: moved(added) })) ?? [whole];
}

/** `null` where the texts are too different. */
function shortest(before: readonly string[], after: readonly string[]): Change[] | null {
  const most = Math.min(before.length + after.length, MAX_DISTANCE);
  // How far each diagonal (place in `before` less place in `after`) is reached, diagonal 0 in the middle.
  const reach = new Int32Array(2 * most + 3);
  const middle = most + 1;
  const trace: Int32Array[] = [];
  const at = (from: Int32Array, index: number) => from[index] ?? 0;
  for (let distance = 0; distance <= most; distance += 1) {
    trace.push(reach.slice(middle - distance - 1, middle + distance + 2));
    for (let diagonal = -distance; diagonal <= distance; diagonal += 2) {
      const down =
        diagonal === -distance ||
        (diagonal !== distance && at(reach, middle + diagonal - 1) < at(reach, middle + diagonal + 1));
      let x = down ? at(reach, middle + diagonal + 1) : at(reach, middle + diagonal - 1) + 1;
      let y = x - diagonal;
      while (x < before.length && y < after.length && before[x] === after[y]) {
        x += 1;
        y += 1;
      }
      reach[middle + diagonal] = x;
      if (x >= before.length && y >= after.length) return walkedBack(trace, before.length, after.length);
    }
  }
  return null;
}

/** From the end to the beginning, along the steps that led there. */
function walkedBack(trace: readonly Int32Array[], length: number, otherLength: number): Change[] {
  const changes: Change[] = [];
  let [x, y] = [length, otherLength];
  for (let distance = trace.length - 1; distance > 0; distance -= 1) {
    const reach = trace[distance];
    if (!reach) break;
    const middle = distance + 1;
    const diagonal = x - y;
    const [left, right] = [reach[middle + diagonal - 1] ?? 0, reach[middle + diagonal + 1] ?? 0];
    const down = diagonal === -distance || (diagonal !== distance && left < right);
    const fromX = down ? right : left;
    const fromY = fromX - (down ? diagonal + 1 : diagonal - 1);
    const toX = down ? fromX : fromX + 1;
    const toY = down ? fromY + 1 : fromY;
    const next = changes.at(-1);
    if (next && next.removed.from === toX && next.added.from === toY) {
      next.removed.from = fromX;
      next.added.from = fromY;
    } else {
      changes.push({ removed: { from: fromX, to: toX }, added: { from: fromY, to: toY } });
    }
    [x, y] = [fromX, fromY];
  }
  return changes.reverse();
}
