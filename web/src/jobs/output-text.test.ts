import { describe, expect, it } from "vitest";
import { OutputText } from "./output-text";

const bytes = (text: string) => new TextEncoder().encode(text);

function text(...parts: string[]): OutputText {
  const output = new OutputText();
  for (const part of parts) output.append(output.offset, bytes(part));
  return output;
}

describe("a job's output", () => {
  it("joins a line that came in parts", () => {
    expect(text("one\ntw", "o\nthree").lines).toEqual(["one", "two", "three"]);
  });

  it("joins a character that came in parts", () => {
    const korean = bytes("결과\n");
    const output = new OutputText();
    output.append(0, korean.subarray(0, 4));
    output.append(4, korean.subarray(4));
    expect(output.lines).toEqual(["결과"]);
  });

  it("leaves out bytes that it has already", () => {
    const output = text("abc\n");
    expect(output.append(2, bytes("c\nd\n"))).toBe(true);
    expect(output.lines).toEqual(["abc", "d"]);
    expect(output.offset).toBe(6);
  });

  it("refuses bytes that leave a gap", () => {
    const output = text("abc\n");
    expect(output.append(9, bytes("later\n"))).toBe(false);
    expect(output.lines).toEqual(["abc"]);
  });

  it("begins at a whole line when its beginning is not here", () => {
    const output = new OutputText(100);
    output.append(100, bytes("half a line\nwhole\n"));
    expect(output.lines).toEqual(["whole"]);
    expect(output.truncated).toBe(true);
  });

  it("shows a progress bar as a terminal would have left it", () => {
    expect(text("10%\r50%\r100%\ndone\r\n").lines).toEqual(["100%", "done"]);
  });

  it("shows text, not the colours that a terminal would make of it", () => {
    expect(text("\x1b[32mok\x1b[0m \x1b]0;title\x07end\n").lines).toEqual(["ok end"]);
  });

  it("keeps the newest lines of an endless output", () => {
    const output = text("x\n".repeat(20_000), "last\n");
    expect(output.lines).toHaveLength(20_000);
    expect(output.lines.at(-1)).toBe("last");
    expect(output.truncated).toBe(true);
  });
});
