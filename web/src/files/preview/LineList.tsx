// Numbered lines, of which only those in view are in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import classes from "./preview.module.css";

interface Props {
  /** What it is, for assistive technology. */
  label: string;
  lines: string[];
  /** Numbered from the end: the last line is -1. */
  fromEnd: boolean;
  /** Scrolled there at first. */
  atEnd: boolean;
}

const LINE_HEIGHT = 20;

export function LineList({ label, lines, fromEnd, atEnd }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 30,
  });
  useEffect(() => {
    if (atEnd && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: "end" });
  }, [atEnd, lines.length, virtualizer]);
  const digits = String(lines.length).length + (fromEnd ? 1 : 0);
  return (
    <div
      ref={frame}
      className={classes.lines}
      role="document"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
      tabIndex={0}
    >
      <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
        {virtualizer.getVirtualItems().map((item) => (
          <div key={item.key} className={classes.line} style={{ transform: `translateY(${item.start}px)` }}>
            <span
              className={classes.number}
              style={{ width: `${digits}ch` }}
              aria-hidden
              data-number={fromEnd ? item.index - lines.length : item.index + 1}
            />
            {lines[item.index] || "\u00a0"}
          </div>
        ))}
      </div>
    </div>
  );
}
