// A job's output as lines, built from bytes as they come: parts of a line, parts of a character, progress bars that
// write over themselves. Bounded: the oldest lines go when there are too many.

/** Lines kept; what was before them can be downloaded. */
const MAX_LINES = 20_000;
/** A single line without end must not take the page down. */
const MAX_LINE_LENGTH = 10_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that terminals act on
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

export class OutputText {
  /** The byte of the file that comes next. */
  private end: number;
  private decoder = new TextDecoder();
  private open = "";
  private complete: string[] = [];
  private gone: boolean;
  /** A start in the middle of the file is a start in the middle of a line. */
  private skipToLine: boolean;

  /** `start`: the first byte that will be appended; a later one than 0 begins somewhere in a line. */
  constructor(start = 0) {
    this.end = start;
    this.gone = start > 0;
    this.skipToLine = start > 0;
  }

  get offset(): number {
    return this.end;
  }

  /** Something before the first line is not here. */
  get truncated(): boolean {
    return this.gone;
  }

  /** The lines, the last one perhaps not yet at its end. */
  get lines(): string[] {
    return this.open === "" ? this.complete : [...this.complete, asTerminal(this.open)];
  }

  /**
   * Takes bytes that stand at `offset` in the file; what is known already is left out.
   * Answers `false` where bytes before them are missing: ask for them first.
   */
  append(offset: number, bytes: Uint8Array): boolean {
    if (offset > this.end) return false;
    const fresh = bytes.subarray(this.end - offset);
    if (fresh.length === 0) return true;
    this.end += fresh.length;
    let text = this.decoder.decode(fresh, { stream: true });
    if (this.skipToLine) {
      const newline = text.indexOf("\n");
      if (newline < 0) return true;
      this.skipToLine = false;
      text = text.slice(newline + 1);
    }
    const parts = (this.open + text).split("\n");
    this.open = (parts.pop() ?? "").slice(-MAX_LINE_LENGTH);
    if (parts.length === 0) return true;
    const lines = this.complete.concat(parts.map(asTerminal));
    this.gone ||= lines.length > MAX_LINES;
    this.complete = lines.length > MAX_LINES ? lines.slice(-MAX_LINES) : lines;
    return true;
  }
}

/** As a terminal would have left the line. */
export function asTerminal(line: string): string {
  const plain = line.replace(/\r$/, "").replace(ESCAPES, "");
  const overwritten = plain.lastIndexOf("\r");
  return (overwritten < 0 ? plain : plain.slice(overwritten + 1)).slice(0, MAX_LINE_LENGTH);
}
