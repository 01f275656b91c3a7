// The table of lists that may be long: fills its parent, scrolls inside, and keeps only the rows in view in the document.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { Table, type TableProps } from "./DataTable";
import classes from "./DataTable.module.css";

interface Props<Row> extends TableProps<Row> {
  /** The end is near: load more. */
  onEnd?(): void;
}

const ROW_HEIGHT = 35;
/** Rows before the last at which more are asked for. */
const NEAR_END = 20;

export function ScrollingTable<Row>({ onEnd, ...table }: Props<Row>) {
  const frame = useRef<HTMLDivElement>(null);
  const { length } = table.rows;
  const virtualizer = useVirtualizer({
    count: length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1);

  useEffect(() => {
    if (last && last.index >= length - NEAR_END) onEnd?.();
  }, [last, length, onEnd]);

  return (
    // Scrollable parts must be reachable by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <div ref={frame} className={classes.fill} tabIndex={0}>
      <Table
        {...table}
        shown={items.map((item) => item.index)}
        before={items[0]?.start ?? 0}
        after={virtualizer.getTotalSize() - (last?.end ?? 0)}
        reveal={(index) => virtualizer.scrollToIndex(index)}
      />
    </div>
  );
}
