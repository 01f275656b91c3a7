// A part of a file as lines.
import { asTerminal } from "../../jobs/output-text";
import type { Part } from "../content";
import { decodeAnyway, type Encoding } from "../encoding";

export interface Lines {
  lines: string[];
  /** Counted from the file's end, `-1` being the last: where the part does not begin with the file. */
  fromEnd: boolean;
  /** How the bytes were read; `null`: as UTF-8, which they are not everywhere. */
  encoding: Encoding | null;
}

/** A single line without end must not take the page down. */
const MAX_LINE_LENGTH = 10_000;
const NEWLINE = 10;

/** `null` where it is no text. */
export function linesOf(part: Part, log: boolean): Lines | null {
  if (part.bytes.includes(0)) return null;
  const fromEnd = part.from > 0;
  let { bytes } = part;
  // What begins or ends in the middle of a line, and maybe of a character, is left out, unless there is nothing else.
  if (fromEnd) bytes = bytes.subarray(bytes.indexOf(NEWLINE) + 1);
  const isWhole = part.from + part.bytes.length >= part.size;
  if (!isWhole && bytes.includes(NEWLINE)) bytes = bytes.subarray(0, bytes.lastIndexOf(NEWLINE));
  const { text, encoding } = decodeAnyway(bytes, !isWhole);
  if (text === "") return { lines: [], fromEnd, encoding };
  const lines = text.replace(/\n$/, "").split("\n");
  const shown = (line: string) =>
    log ? asTerminal(line) : line.replace(/\r$/, "").slice(0, MAX_LINE_LENGTH);
  return { lines: lines.map(shown), fromEnd, encoding };
}
