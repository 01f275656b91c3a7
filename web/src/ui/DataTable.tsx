// The table of every list: only the rows in view are in the document, yet it stays a real table to assistive
// technology. Rows lead somewhere; arrow keys walk between them. Sorting belongs to the caller, whose URL holds it.
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import classes from "./DataTable.module.css";

export interface Column<Row> {
  id: string;
  header: string;
  /** A CSS width; the columns share what is left in proportion to their widths. */
  width: number;
  align?: "end";
  /** Left out on narrow screens. */
  minor?: boolean;
  sortable?: boolean;
  cell(row: Row): ReactNode;
}

interface Props<Row> {
  /** What the table lists, for assistive technology. */
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  rowKey(row: Row): string;
  /** Column id, with a minus before it for descending. */
  sort?: string;
  onSort?(sort: string): void;
  /** A click anywhere in the row; the row's first link does the same for the keyboard. */
  onOpen?(row: Row): void;
  /** All rows there are, where only some are loaded. */
  total?: number;
  /** The end is near: load more. */
  onEnd?(): void;
  /** Fills its parent and scrolls inside; otherwise as tall as its rows. */
  fill?: boolean;
}

const ROW_HEIGHT = 35;

export function DataTable<Row>(props: Props<Row>) {
  const { columns, rows, rowKey, sort, onSort, onOpen, total, onEnd, fill } = props;
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    enabled: fill === true,
  });
  const inView = fill ? virtualizer.getVirtualItems() : rows.map((_, index) => ({ index, start: 0, end: 0 }));
  const before = fill ? (inView[0]?.start ?? 0) : 0;
  const after = fill ? virtualizer.getTotalSize() - (inView.at(-1)?.end ?? 0) : 0;
  const last = inView.at(-1)?.index ?? -1;

  useEffect(() => {
    if (last >= rows.length - 20) onEnd?.();
  }, [last, rows.length, onEnd]);

  const walk = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const from = (event.target as HTMLElement).closest("tr")?.dataset.index;
    if (step === 0 || from === undefined) return;
    const index = Number(from) + step;
    if (index < 0 || index >= rows.length) return;
    event.preventDefault();
    if (fill) virtualizer.scrollToIndex(index);
    requestAnimationFrame(() => {
      frame.current
        ?.querySelector<HTMLElement>(`tr[data-index="${index}"] a`)
        ?.focus({ preventScroll: fill });
    });
  };

  return (
    // Scrollable regions must be reachable by keyboard.
    <div ref={frame} className={fill ? classes.fill : classes.frame} tabIndex={fill ? 0 : undefined}>
      <table className={classes.table} aria-label={props.label} aria-rowcount={(total ?? rows.length) + 1}>
        <colgroup>
          {columns.map((column) => (
            <col
              key={column.id}
              style={{ width: column.width }}
              className={column.minor ? classes.minor : undefined}
            />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={walk}>
          {before > 0 && <tr aria-hidden style={{ height: before }} className={classes.spacer} />}
          {inView.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              // The row's link is the way for the keyboard; the whole row is a larger target for the pointer.
              <tr
                key={rowKey(row)}
                data-index={index}
                aria-rowindex={index + 2}
                className={onOpen ? classes.opens : undefined}
                onClick={onOpen && ((event) => isPlainClick(event) && onOpen(row))}
              >
                {columns.map((column) => (
                  <td key={column.id} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && <tr aria-hidden style={{ height: after }} className={classes.spacer} />}
        </tbody>
      </table>
    </div>
  );
}

function HeaderCell<Row>({
  column,
  sort,
  onSort,
}: {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}) {
  const { t } = useTranslation();
  const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : undefined;
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" className={cellClass(column)}>
        {column.header}
      </th>
    );
  }
  return (
    <th scope="col" className={cellClass(column)} aria-sort={direction}>
      <button
        type="button"
        className={classes.sort}
        title={t("table.sortBy", { column: column.header })}
        onClick={() => onSort(direction === "descending" ? column.id : `-${column.id}`)}
      >
        {column.header}
        {direction === "ascending" && <IconArrowUp size={13} aria-hidden />}
        {direction === "descending" && <IconArrowDown size={13} aria-hidden />}
      </button>
    </th>
  );
}

function cellClass<Row>(column: Column<Row>): string | undefined {
  const names = [column.align === "end" ? classes.end : "", column.minor ? classes.minor : ""].filter(
    Boolean,
  );
  return names.length > 0 ? names.join(" ") : undefined;
}

/** Links and buttons in the row do their own; selecting text is no click; modified clicks belong to the browser. */
function isPlainClick(event: React.MouseEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return false;
  if ((event.target as HTMLElement).closest("a, button, input, select, label")) return false;
  return window.getSelection()?.toString() === "";
}
