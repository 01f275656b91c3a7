// Comma-, semicolon- and tab-separated values as rows (RFC 4180).

const SEPARATORS = [",", ";", "\t"];

/** What the first line has most of. */
export function separatorOf(text: string): string {
  const first = text.slice(0, text.indexOf("\n") >>> 0);
  const count = (separator: string) => first.split(separator).length;
  return SEPARATORS.reduce((best, next) => (count(next) > count(best) ? next : best));
}

/** At most so many rows, and whether there are more. Empty lines are left out. */
export function readRows(text: string, separator: string, most: number): { rows: string[][]; more: boolean } {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    if (rows.length === most) return { rows, more: true };
    const { cell, next } = readCell(text, at, separator);
    row.push(cell);
    at = next;
    if (text[at] === separator) {
      at += 1;
      // A separator at the very end has an empty cell behind it.
      if (at < text.length) continue;
      row.push("");
    }
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
  }
  return { rows, more: false };
}

function readCell(text: string, from: number, separator: string): { cell: string; next: number } {
  if (text[from] !== '"') {
    let next = from;
    while (next < text.length && text[next] !== separator && text[next] !== "\n") next += 1;
    const end = text[next] !== separator && text[next - 1] === "\r" && next > from ? next - 1 : next;
    return { cell: text.slice(from, end), next: end };
  }
  let cell = "";
  let at = from + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { cell: cell + text.slice(at), next: text.length };
    cell += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      // What stands between the quote and the separator belongs to the cell too.
      const rest = readCell(text, quote + 1, separator);
      return { cell: cell + rest.cell, next: rest.next };
    }
    cell += '"';
    at = quote + 2;
  }
}
