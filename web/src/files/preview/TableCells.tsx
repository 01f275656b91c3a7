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
            {cells.header.map((cell, column) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its number
              <th key={column} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a row is known by its number
            <tr key={index}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a column is known by its number
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
