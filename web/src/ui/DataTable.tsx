// The table of every list: a real table, whose rows lead somewhere; arrow keys walk between them. Sorting belongs to the
// caller, whose URL holds it. For lists that may be long, ScrollingTable shows only the rows in view.
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { Fragment, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "./DataTable.module.css";
import type { Selection } from "./selection";

export interface Column<Row> {
  id: string;
  header: string;
  /** The header is for assistive technology alone: cells say by themselves what they are. */
  unseen?: boolean;
  /** Its share of the width, against the others. */
  width: number;
  align?: "end";
  /** Left out on narrow screens. */
  minor?: boolean;
  sortable?: boolean;
  cell(row: Row): ReactNode;
}

export interface TableProps<Row> {
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
  /** Beneath the row, in its whole width: more about it, where it is open. */
  detail?(row: Row): ReactNode;
  /** All rows there are, where only some are loaded. */
  total?: number;
  /** A box before each row, to select several. */
  selection?: Selection<Row> | undefined;
  /** What the box of a row selects, for assistive technology. */
  selectLabel?(row: Row): string;
}

/** As in DataTable.module.css. */
const NARROW = "(max-width: 900px)";

/** As tall as its rows. */
export function DataTable<Row>(props: TableProps<Row>) {
  return (
    <div className={classes.frame}>
      <Table {...props} shown={props.rows.map((_, index) => index)} />
    </div>
  );
}

interface ShownProps<Row> extends TableProps<Row> {
  /** Which of the rows are in the document. */
  shown: number[];
  /** Pixels that the rows left out before and after them would take. */
  before?: number;
  after?: number;
  /** Brings a row into view that may not be in the document. */
  reveal?(index: number): void;
}

export function Table<Row>(props: ShownProps<Row>) {
  const { columns, rows, rowKey, sort, onSort, onOpen, detail, total, shown } = props;
  const { before = 0, after = 0, reveal, selection, selectLabel } = props;

  // What is left out on narrow screens must not be spanned either: the browser would make room for it.
  const isNarrow = useMediaQuery(NARROW);
  const visible = columns.filter((column) => !(isNarrow && column.minor));
  const span = visible.length + (selection ? 1 : 0);
  // What is missing to the whole would go to the boxes' column.
  const all = visible.reduce((sum, column) => sum + column.width, 0);

  const walk = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const target = event.target as HTMLElement;
    const from = target.closest("tr")?.dataset.index;
    // In a select, arrows are its own.
    const kind = target.tagName === "A" ? "a" : target.dataset.pick === undefined ? null : "[data-pick]";
    if (step === 0 || from === undefined || kind === null) return;
    const index = Number(from) + step;
    if (index < 0 || index >= rows.length) return;
    event.preventDefault();
    if (event.shiftKey && kind !== "a") selection?.extend(Number(from), index);
    reveal?.(index);
    const body = event.currentTarget;
    requestAnimationFrame(() =>
      body.querySelector<HTMLElement>(`tr[data-index="${index}"] ${kind}`)?.focus(),
    );
  };

  return (
    <table className={classes.table} aria-label={props.label} aria-rowcount={(total ?? rows.length) + 1}>
      <colgroup>
        {selection && <col className={classes.pickColumn} />}
        {columns.map((column) => (
          <col
            key={column.id}
            style={{ width: `${(column.width / all) * 100}%` }}
            className={column.minor ? classes.minor : undefined}
          />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {selection && <PickAll selection={selection} />}
          {columns.map((column) => (
            <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={walk}>
        {before > 0 && <tr aria-hidden style={{ height: before }} />}
        {shown.map((index) => {
          const row = rows[index];
          if (row === undefined) return null;
          const more = detail?.(row);
          return (
            <Fragment key={rowKey(row)}>
              {/* The row's link is the way for the keyboard; the whole row is a larger target for the pointer. */}
              <tr
                data-index={index}
                aria-rowindex={index + 2}
                data-selected={selection?.has(rowKey(row)) || undefined}
                className={onOpen ? classes.opens : undefined}
                onClick={onOpen && ((event) => isPlainClick(event) && onOpen(row))}
              >
                {selection && (
                  <td className={classes.pick}>
                    <label>
                      <input
                        type="checkbox"
                        data-pick
                        aria-label={selectLabel?.(row)}
                        checked={selection.has(rowKey(row))}
                        disabled={selection.full && !selection.has(rowKey(row))}
                        onChange={(event) =>
                          selection.toggle(index, (event.nativeEvent as globalThis.MouseEvent).shiftKey)
                        }
                      />
                    </label>
                  </td>
                )}
                {columns.map((column) => (
                  <td key={column.id} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
              {more && (
                <tr>
                  <td colSpan={span} className={classes.detail}>
                    {more}
                  </td>
                </tr>
              )}
            </Fragment>
          );
        })}
        {after > 0 && <tr aria-hidden style={{ height: after }} />}
      </tbody>
    </table>
  );
}

function PickAll<Row>({ selection }: { selection: Selection<Row> }) {
  const { t } = useTranslation();
  return (
    <th scope="col" className={classes.pick}>
      <label>
        <input
          type="checkbox"
          aria-label={t("table.selectAll")}
          checked={selection.all === "all"}
          ref={(box) => {
            if (box) box.indeterminate = selection.all === "some";
          }}
          onChange={selection.toggleAll}
        />
      </label>
    </th>
  );
}

interface HeaderProps<Row> {
  column: Column<Row>;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}

function HeaderCell<Row>({ column, sort, onSort }: HeaderProps<Row>) {
  const { t } = useTranslation();
  const direction = sort === column.id ? "ascending" : sort === `-${column.id}` ? "descending" : undefined;
  if (!column.sortable || !onSort) {
    return (
      <th scope="col" className={cellClass(column)}>
        {column.unseen ? <span className="qd-unseen">{column.header}</span> : column.header}
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
function isPlainClick(event: MouseEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return false;
  if ((event.target as HTMLElement).closest("a, button, input, select, label")) return false;
  return window.getSelection()?.toString() === "";
}
