// Comma- and tab-separated values as rows: as many as a page can show.
import { readRows, separatorOf } from "../../ui/delimited";
import type { Part } from "../content";
import { decodeAnyway, type Encoding } from "../encoding";

export interface Cells {
  header: string[];
  rows: string[][];
  /** There are more rows, or more columns, than these. */
  cut: boolean;
  /** How the bytes were read; `null`: as UTF-8, which they are not everywhere. */
  encoding: Encoding | null;
}

const MAX_ROWS = 500;
const MAX_COLUMNS = 50;
const MAX_CELL_LENGTH = 500;

/** `null` where it is no text. The part begins with the file. */
export function cellsOf(part: Part, tabs: boolean): Cells | null {
  if (part.bytes.includes(0)) return null;
  const isWhole = part.bytes.length >= part.size;
  const { text, encoding } = decodeAnyway(part.bytes, !isWhole);
  const separator = tabs ? "\t" : separatorOf(text);
  const { rows, more } = readRows(text, separator, MAX_ROWS + 1);
  // The last row ends in the middle.
  if (!isWhole && !more && rows.length > 1) rows.pop();
  const width = Math.max(0, ...rows.map((row) => row.length));
  const shown = rows.map((row) => row.slice(0, MAX_COLUMNS).map((cell) => cell.slice(0, MAX_CELL_LENGTH)));
  const [header = [], ...body] = shown;
  return { header, rows: body, cut: more || !isWhole || width > MAX_COLUMNS, encoding };
}
