// A text file as a text area holds it, lines parted by \n alone, and back: with the line endings, the byte order mark and
// the last line's ending that it had.

import { changesBetween } from "../../ui/diff";
import { decode, type Encoding, encode } from "../encoding";

export type LineEnding = "\n" | "\r\n" | "\r";

export interface TextFile {
  /** Lines parted by `\n`. */
  text: string;
  encoding: Encoding;
  bom: boolean;
  /** That of each line but the last, which has none; one alone where all have the same. */
  endings: LineEnding | LineEnding[];
}

/** What keeps a file from being edited as text. */
export type NoText = "binary" | "unknown-encoding";

export function textFileOf(bytes: Uint8Array): TextFile | NoText {
  if (bytes.includes(0)) return "binary";
  const decoded = decode(bytes);
  if (!decoded) return "unknown-encoding";
  const { text, encoding, bom } = decoded;
  const endings = (text.match(/\r\n|\r|\n/g) ?? []) as LineEnding[];
  const [first = "\n"] = endings;
  return {
    text: text.replace(/\r\n?/g, "\n"),
    encoding,
    bom,
    endings: endings.every((ending) => ending === first) ? first : endings,
  };
}

/** What is written when the text of `file` became this one; UTF-8, however the file was read. */
export function bytesOf(file: TextFile, text: string): Uint8Array<ArrayBuffer> {
  const { endings, bom } = file;
  if (typeof endings === "string")
    return encode(endings === "\n" ? text : text.replaceAll("\n", endings), bom);
  const lines = text.split("\n");
  const each = carriedOver(endings, file.text.split("\n"), lines);
  return encode(lines.map((line, at) => line + (at < lines.length - 1 ? each[at] : "")).join(""), bom);
}

/** Lines that are as they were keep their endings, changed ones those of what they replace, new ones the usual one. */
function carriedOver(endings: readonly LineEnding[], before: string[], after: string[]): LineEnding[] {
  const usual = mostOf(endings);
  const carried: LineEnding[] = [];
  let old = 0;
  const take = (count: number) => {
    for (let at = 0; at < count; at += 1) carried.push(endings[old + at] ?? usual);
  };
  for (const { removed, added } of changesBetween(before, after)) {
    take(removed.from - old);
    old = removed.from;
    const replaced = removed.to - removed.from;
    const put = added.to - added.from;
    take(Math.min(replaced, put));
    for (let at = replaced; at < put; at += 1) carried.push(usual);
    old = removed.to;
  }
  take(after.length - carried.length);
  return carried;
}

function mostOf(endings: readonly LineEnding[]): LineEnding {
  const count = (one: LineEnding) => endings.filter((ending) => ending === one).length;
  return (["\n", "\r\n", "\r"] as const).reduce((most, next) => (count(next) > count(most) ? next : most));
}
