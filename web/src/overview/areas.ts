// Shares over time as closed shapes of an SVG: one for each stretch without a gap.
import type { Columns } from "../use/series";

export function areasOf(
  { times, lines }: Columns,
  from: number,
  to: number,
  width: number,
  height: number,
): string[] {
  const [line = []] = lines;
  const round = (value: number) => Math.round(value * 10) / 10;
  const x = (time: number) => round(((time - from) / Math.max(1, to - from)) * width);
  const y = (share: number) => round(height - Math.min(1, Math.max(0, share)) * (height - 2));
  const paths: string[] = [];
  let stretch: [number, number][] = [];
  const close = () => {
    const [first, last] = [stretch[0], stretch.at(-1)];
    // A single reading is as wide as can be seen.
    const right = last && Math.max(last[0], (first?.[0] ?? 0) + 1);
    if (first && last && right !== undefined)
      paths.push(
        `M${first[0]} ${height}${stretch.map(([at, value]) => `L${at} ${value}`).join("")}L${right} ${last[1]}L${right} ${height}Z`,
      );
    stretch = [];
  };
  for (const [at, time] of times.entries()) {
    const share = line[at];
    if (share === null || share === undefined) close();
    else stretch.push([x(time), y(share)]);
  }
  close();
  return paths;
}
