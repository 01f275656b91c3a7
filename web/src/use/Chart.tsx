// Lines or stacked areas over time, drawn by uPlot in the page's own colours and the reader's language.
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import uPlot from "uplot";
import { type Columns, lonely, stacked } from "./series";
import classes from "./use.module.css";

export interface Line {
  label: string;
  /** A colour of tokens.css. */
  colour: string;
  /** Told apart without colours. */
  dash?: number[];
}

interface Props {
  /** What it shows, in a sentence. */
  label: string;
  lines: Line[];
  columns: Columns;
  /** In seconds since 1970. */
  from: number;
  to: number;
  stack?: boolean;
  /** Figures that are counted in powers of two. */
  binary?: boolean;
  format(value: number): string;
}

const HEIGHT = 200;
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

export function Chart({ label, lines, columns, from, to, stack, binary, format }: Props) {
  const { i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? "en";
  const scheme = useComputedColorScheme();
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo(() => (stack ? stacked(columns) : columns), [stack, columns]);
  // What the picture is made of anew for; data and size are only put in.
  const shape = JSON.stringify({ lines, scheme, language, stack, binary } satisfies Shape);
  const newest = useRef({ data, width, columns, format, from, to });
  newest.current = { data, width, columns, format, from, to };
  const hasRoom = width > 0;

  useEffect(() => {
    const element = place.current;
    if (!element || !hasRoom) return;
    const drawn = new uPlot(
      options(JSON.parse(shape) as Shape, newest),
      aligned(newest.current.data),
      element,
    );
    plot.current = drawn;
    return () => {
      plot.current = null;
      drawn.destroy();
    };
  }, [shape, hasRoom]);

  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height: HEIGHT });
  }, [width]);

  useEffect(() => {
    plot.current?.setData(aligned(data), false);
    plot.current?.setScale("x", { min: from, max: to });
  }, [data, from, to]);

  return (
    <div ref={sized} className={classes.chart}>
      <div ref={place} role="img" aria-label={label} className={classes.plot} />
      <ul className={classes.legend} aria-hidden>
        {lines.map(({ label: name, colour, dash }) => (
          <li key={name}>
            <span
              className={classes.key}
              data-dashed={dash ? true : undefined}
              style={{ borderColor: `var(${colour})` }}
            />
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

function aligned({ times, lines }: Columns): uPlot.AlignedData {
  return [times, ...lines];
}

interface Shape {
  lines: Line[];
  language: string;
  scheme: string;
  stack: boolean | undefined;
  binary: boolean | undefined;
}

type Newest = React.RefObject<
  Pick<Props, "columns" | "format" | "from" | "to"> & { data: Columns; width: number }
>;

function options({ lines, language, stack, binary }: Shape, newest: Newest): uPlot.Options {
  const colour = (token: string) =>
    getComputedStyle(document.documentElement).getPropertyValue(token).trim() || "#888";
  const axis: Partial<uPlot.Axis> = {
    stroke: colour("--qd-text-2"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("--qd-line"), width: 1 },
    ticks: { stroke: colour("--qd-line-strong"), width: 1, size: 4 },
  };
  return {
    width: newest.current.width,
    height: HEIGHT,
    // At the right half of the longest label, "2026년 11월".
    padding: [12, 36, 0, 0],
    legend: { show: false },
    cursor: { drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: true, range: () => [newest.current.from, newest.current.to] },
      y: { range: (_, __, max) => [0, Math.max(1, Number.isFinite(max) ? max * 1.05 : 1)] },
    },
    axes: [
      {
        ...axis,
        size: 30,
        space: 80,
        values: (_, splits, __, ___, step) => splits.map(tick(language, step)),
      },
      {
        ...axis,
        size: 72,
        ...(binary ? { incrs: POWERS_OF_TWO } : {}),
        values: (_, splits) => splits.map((value) => newest.current.format(value)),
      },
    ],
    series: [
      {},
      ...lines.map((line, at): uPlot.Series => {
        const stroke = colour(line.colour);
        return {
          label: line.label,
          stroke,
          width: 2,
          spanGaps: false,
          ...(line.dash ? { dash: line.dash } : {}),
          ...(stack && at === 0 ? { fill: faint(stroke) } : {}),
          points: {
            show: true,
            size: 5,
            filter: (self) => lonely(self.data[at + 1] as (number | null)[]),
          },
        };
      }),
    ],
    // Between two lines, so that each area has its own colour.
    ...(stack
      ? {
          bands: lines.slice(1).map((line, at) => ({
            series: [at + 2, at + 1] as [number, number],
            fill: faint(colour(line.colour)),
          })),
        }
      : {}),
    plugins: [tip(lines, language, newest)],
  };
}

function faint(colour: string): string {
  return `color-mix(in srgb, ${colour} 22%, transparent)`;
}

/** Words for a place on the axis of time, by how far the places are apart. */
function tick(language: string, step: number): (seconds: number) => string {
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
  const month = new Intl.DateTimeFormat(language, { year: "numeric", month: "short" });
  return (seconds) => {
    const date = new Date(seconds * 1000);
    if (step >= 28 * 86_400) return month.format(date);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    return step >= 86_400 || isMidnight ? day.format(date) : clock.format(date);
  };
}

/** The figures beneath the pointer. */
function tip(lines: Line[], language: string, newest: Newest): uPlot.Plugin {
  const moment = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "short",
    hourCycle: "h23",
  });
  const box = document.createElement("div");
  box.className = classes.tip ?? "";
  box.hidden = true;
  return {
    hooks: {
      init: (self) => self.over.append(box),
      setCursor: (self) => {
        const { idx, left = -1 } = self.cursor;
        const time = typeof idx === "number" ? self.data[0][idx] : undefined;
        const there = typeof idx === "number" && newest.current.columns.lines[0]?.[idx] !== null;
        box.hidden = left < 0 || time === undefined || !there;
        if (box.hidden || typeof idx !== "number" || time === undefined) return;
        const rows = lines.map(({ label }, at) => {
          const value = newest.current.columns.lines[at]?.[idx];
          return `${label}: ${typeof value === "number" ? newest.current.format(value) : "–"}`;
        });
        box.textContent = [moment.format(new Date(time * 1000)), ...rows].join("\n");
        box.style.left = `${left > self.over.clientWidth / 2 ? left - box.offsetWidth - 12 : left + 12}px`;
      },
    },
  };
}
