// A table of somebody's: as wide as it is, scrolling in its frame.
import classes from "./preview.module.css";
import type { Cells } from "./table";

export function TableCells({ label, cells }: { label: string; cells: Cells }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className={classes.cells} tabIndex={0} aria-label={label}>
      <table aria-label={label}>
        <thead>
          <tr>
            {[...cells.header.entries()].map(([column, cell]) => (
              <th key={column} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...cells.rows.entries()].map(([number, row]) => (
            <tr key={number}>
              {[...row.entries()].map(([column, cell]) => (
                <td key={column} className={isNumber(cell) ? classes.numeric : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function isNumber(cell: string): boolean {
  return /^\s*[-+]?(\d|\.\d)[\d.,]*(e[-+]?\d+)?\s*%?$/i.test(cell);
}
