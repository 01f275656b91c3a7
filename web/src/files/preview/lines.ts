// A part of a file as lines.
import { asTerminal } from "../../jobs/output-text";
import type { Part } from "../content";

export interface Lines {
  lines: string[];
  /** Counted from the file's end, `-1` being the last: where the part does not begin with the file. */
  fromEnd: boolean;
}

/** A single line without end must not take the page down. */
const MAX_LINE_LENGTH = 10_000;

/** `null` where it is no text. */
export function linesOf(part: Part, log: boolean): Lines | null {
  if (part.bytes.includes(0)) return null;
  const fromEnd = part.from > 0;
  let text = new TextDecoder().decode(part.bytes);
  // What begins or ends in the middle of a line is left out, unless there is nothing else.
  if (fromEnd) text = text.slice(text.indexOf("\n") + 1);
  const isWhole = part.from + part.bytes.length >= part.size;
  if (!isWhole && text.includes("\n")) text = text.slice(0, text.lastIndexOf("\n"));
  if (text === "") return { lines: [], fromEnd };
  const lines = text.replace(/\n$/, "").split("\n");
  const shown = (line: string) =>
    log ? asTerminal(line) : line.replace(/\r$/, "").slice(0, MAX_LINE_LENGTH);
  return { lines: lines.map(shown), fromEnd };
}
