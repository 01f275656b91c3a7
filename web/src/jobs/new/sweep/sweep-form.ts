// A sweep while it is filled in: a table of texts, as people type, paste and import them, and the request it comes to.
import type { FieldProblem } from "../../../api/problem";
import type { Sweep, Template } from "../../../api/types";
import { readRows, separatorOf } from "../../../ui/delimited";

export interface SweepForm {
  /** Names of parameters and files of the template, or of variables. */
  columns: string[];
  /** A text for each column. */
  rows: string[][];
  atOnce: number | null;
}

/** As many as the server takes. */
export const MOST_ROWS = 1000;
export const MOST_COLUMNS = 50;

export const EMPTY_SWEEP: SweepForm = { columns: [], rows: [], atOnce: null };

export function addColumn(sweep: SweepForm, name: string): SweepForm {
  return {
    ...sweep,
    columns: [...sweep.columns, name],
    // The first column brings rows to type into.
    rows: sweep.rows.length > 0 ? sweep.rows.map((row) => [...row, ""]) : [[""], [""], [""]],
  };
}

export function removeColumn(sweep: SweepForm, column: number): SweepForm {
  const columns = sweep.columns.toSpliced(column, 1);
  const rows = columns.length > 0 ? sweep.rows.map((row) => row.toSpliced(column, 1)) : [];
  return { ...sweep, columns, rows };
}

export function setCell(sweep: SweepForm, row: number, column: number, text: string): SweepForm {
  return { ...sweep, rows: sweep.rows.with(row, (sweep.rows[row] ?? []).with(column, text)) };
}

export function addRow(sweep: SweepForm): SweepForm {
  return { ...sweep, rows: [...sweep.rows, sweep.columns.map(() => "")] };
}

export function removeRow(sweep: SweepForm, row: number): SweepForm {
  return { ...sweep, rows: sweep.rows.toSpliced(row, 1) };
}

/** Cells from a spreadsheet, laid over the table from here on; `null` for a text that is one cell alone. */
export function pasteAt(sweep: SweepForm, row: number, column: number, text: string): SweepForm | null {
  if (!/[\t\n]/.test(text.trimEnd())) return null;
  const cells = readRows(text, "\t", MOST_ROWS + 1).rows;
  const rows = sweep.rows.map((before) => [...before]);
  for (const [down, line] of cells.entries()) {
    rows[row + down] ??= sweep.columns.map(() => "");
    for (const [right, cell] of line.entries()) {
      if (column + right < sweep.columns.length) (rows[row + down] as string[])[column + right] = cell;
    }
  }
  return { ...sweep, rows: rows.slice(0, MOST_ROWS) };
}

export interface Imported {
  sweep: SweepForm;
  /** Headers that are no parameter here. */
  ignored: string[];
  /** Rows beyond what a sweep takes. */
  cut: boolean;
}

/** A table with a header, in place of what there was; `null` where no column is for anything. */
export function importTable(
  sweep: SweepForm,
  text: string,
  nameOf: (header: string) => string | null,
): Imported | null {
  const { rows, more } = readRows(text, separatorOf(text), MOST_ROWS + 1);
  const [header = [], ...body] = rows;
  const names = header.map((title) => nameOf(title.trim()));
  const taken = names.flatMap((name, at) => (name && names.indexOf(name) === at ? [{ name, at }] : []));
  if (taken.length === 0 || taken.length > MOST_COLUMNS) return null;
  return {
    sweep: {
      ...sweep,
      columns: taken.map(({ name }) => name),
      rows: body.map((row) => taken.map(({ at }) => row[at] ?? "")),
    },
    ignored: header.filter((_, at) => !taken.some((column) => column.at === at)),
    cut: more,
  };
}

/** Spreadsheets write UTF-8 or, in Korea, often CP949. */
export function decodeTable(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("euc-kr").decode(bytes);
  }
}

/** From one number to another; `null` where that is no range, or one of too many steps. */
export function rangeOf(from: string, to: string, step: string): string[] | null {
  const [first, last, by] = [from, to, step].map((text) => (text.trim() === "" ? Number.NaN : Number(text)));
  if (first === undefined || last === undefined || by === undefined) return null;
  if (![first, last, by].every(Number.isFinite) || by === 0 || (last - first) / by < 0) return null;
  // 0.1 + 0.2 is not 0.3: written with as many decimals as were typed.
  const digits = Math.max(decimals(from), decimals(step));
  const count = Math.floor((last - first) / by + 1e-9) + 1;
  if (count > MOST_ROWS) return null;
  return Array.from({ length: count }, (_, at) => String(Number((first + at * by).toFixed(digits))));
}

function decimals(text: string): number {
  const [number = "", power = "0"] = text.trim().toLowerCase().split("e");
  return Math.min(20, Math.max(0, (number.split(".")[1]?.length ?? 0) - Number(power)));
}

/** Values between commas or on lines of their own. */
export function listOf(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

/** Each of these values with each row there is; without any, a row for each value. `null`: they would be too many. */
export function multiply(sweep: SweepForm, column: string, values: readonly string[]): SweepForm | null {
  const known = sweep.columns.includes(column) ? sweep : addColumn(sweep, column);
  const at = known.columns.indexOf(column);
  const others = new Map<string, string[]>();
  for (const row of known.rows) {
    const rest = row.with(at, "");
    if (!isEmpty(rest)) others.set(JSON.stringify(rest), rest);
  }
  const bases = others.size > 0 ? [...others.values()] : [known.columns.map(() => "")];
  if (bases.length * values.length > MOST_ROWS) return null;
  return { ...known, rows: bases.flatMap((row) => values.map((value) => row.with(at, value))) };
}

function isEmpty(row: readonly string[]): boolean {
  return row.every((cell) => cell.trim() === "");
}

/** The rows that will be tasks: those with something in them. */
export function filledRows(sweep: SweepForm): number[] {
  return sweep.rows.flatMap((row, index) => (isEmpty(row) ? [] : [index]));
}

/** What the table comes to. What is no number stays the text that it is, for the server to point at. */
export function sweepRequest(sweep: SweepForm, template: Template | null): Sweep {
  const rows = filledRows(sweep).map((index) =>
    Object.fromEntries(
      sweep.columns.flatMap((name, column) => {
        const text = sweep.rows[index]?.[column] ?? "";
        return text === "" ? [] : [[name, typedValue(text, template, name)]];
      }),
    ),
  );
  return { parameters: sweep.columns, rows, ...(sweep.atOnce ? { at_once: sweep.atOnce } : {}) };
}

const WORDS: Record<string, boolean> = {
  true: true,
  yes: true,
  "1": true,
  false: false,
  no: false,
  "0": false,
};

function typedValue(text: string, template: Template | null, name: string): string | number | boolean {
  const type = template?.parameters.find((parameter) => parameter.name === name)?.type;
  const trimmed = text.trim();
  if (type === "boolean") return WORDS[trimmed.toLowerCase()] ?? text;
  if (type !== "integer" && type !== "number") return text;
  const number = Number(trimmed);
  const exact = type === "number" ? Number.isFinite(number) : Number.isSafeInteger(number);
  return trimmed !== "" && exact ? number : text;
}

/** A sweep that was asked for before, to be changed. */
export function sweepForm(asked: Sweep): SweepForm {
  const text = (value: unknown) => (value === null || value === undefined ? "" : String(value));
  return {
    columns: asked.parameters,
    rows: asked.rows.map((row) =>
      asked.parameters.map((name) => text((row as Record<string, unknown>)[name])),
    ),
    atOnce: asked.at_once ?? null,
  };
}

export interface SweepFaults {
  /** By row and column of the form. */
  cells: Map<string, FieldProblem>;
  /** By column. */
  columns: Map<number, FieldProblem>;
  /** Of the table as a whole. */
  table: FieldProblem | null;
}

export const cellKey = (row: number, column: number) => `${row} ${column}`;

/** Brings complaints to the cells that they are about. */
export function sweepFaults(errors: readonly FieldProblem[], sweep: SweepForm): SweepFaults {
  const faults: SweepFaults = { cells: new Map(), columns: new Map(), table: null };
  const rows = filledRows(sweep);
  for (const error of errors) {
    const [, of, part, index, name] = error.pointer.split("/");
    if (of !== "sweep") continue;
    const row = rows[Number(index)];
    const column = sweep.columns.indexOf((name ?? "").replaceAll("~1", "/").replaceAll("~0", "~"));
    if (part === "rows" && row !== undefined && column >= 0) faults.cells.set(cellKey(row, column), error);
    else if (part === "parameters" && index) faults.columns.set(Number(index), error);
    else faults.table ??= error;
  }
  return faults;
}
