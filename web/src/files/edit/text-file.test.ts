import { describe, expect, it } from "vitest";
import { bytesOf, type TextFile, textFileOf } from "./text-file";

const utf8 = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

/** "가각\nok". Node reads only the syllables that EUC-KR has; the journey has the others, in a browser. */
const CP949 = Uint8Array.from([0xb0, 0xa1, 0xb0, 0xa2, 0x0a, 0x6f, 0x6b]);

function opened(bytes: Uint8Array | string): TextFile {
  const file = textFileOf(typeof bytes === "string" ? utf8(bytes) : bytes);
  if (typeof file === "string") throw new Error(file);
  return file;
}

/** The file's bytes when its text was edited so. */
function edited(before: string, edit: (text: string) => string): string {
  const file = opened(before);
  return textOf(bytesOf(file, edit(file.text)));
}

describe("a text file", () => {
  it("is, unchanged, what it was to the byte", () => {
    for (const text of [
      "",
      "\n",
      "no end",
      "an end\n",
      "a\r\nb\r\n",
      "a\r\nb",
      "a\rb\r",
      "10 %\r99 %\ndone\r\n\n",
      "\ufeffa\r\n한글",
      "\ufeff\ufefftwo marks",
    ]) {
      const bytes = utf8(text);
      expect(bytesOf(opened(bytes), opened(bytes).text), JSON.stringify(text)).toEqual(bytes);
    }
  });

  it("is shown with lines parted as a text area parts them", () => {
    expect(opened("\ufeffa\r\nb\rc\nd").text).toBe("a\nb\nc\nd");
  });

  it("keeps CRLF in the lines that are written anew", () => {
    expect(edited("a\r\nb\r\n", (text) => `${text}c\nd`)).toBe("a\r\nb\r\nc\r\nd");
  });

  it("gets \\n where it had no line ending to go by", () => {
    expect(edited("one", (text) => `${text}\ntwo\n`)).toBe("one\ntwo\n");
  });

  it("keeps each line's own ending where they are mixed, and gives new lines the usual one", () => {
    const mixed = "a\r\nb\nc\r\nd\r\ne\n";
    expect(edited(mixed, (text) => text.replace("c", "C"))).toBe("a\r\nb\nC\r\nd\r\ne\n");
    expect(edited(mixed, (text) => text.replace("b\n", ""))).toBe("a\r\nc\r\nd\r\ne\n");
    expect(edited(mixed, (text) => text.replace("b", "b\nnew"))).toBe("a\r\nb\nnew\r\nc\r\nd\r\ne\n");
    expect(edited(mixed, (text) => `first\n${text}last\n`)).toBe("first\r\na\r\nb\nc\r\nd\r\ne\nlast\r\n");
  });

  it("in CP949 is read so, and saved as UTF-8", () => {
    const file = opened(CP949);
    expect([file.text, file.encoding]).toEqual(["가각\nok", "cp949"]);
    expect(textOf(bytesOf(file, file.text))).toBe("가각\nok");
  });

  it("is none where it is binary or in an encoding that would be guessed", () => {
    expect(textFileOf(utf8("\u007fELF\u0000"))).toBe("binary");
    // UTF-16, as Notepad once called Unicode.
    expect(textFileOf(Uint8Array.from([0xff, 0xfe, 0x41, 0x00]))).toBe("binary");
    // "déjà " in Latin-1.
    expect(textFileOf(Uint8Array.from([0x64, 0xe9, 0x6a, 0xe0, 0x20]))).toBe("unknown-encoding");
  });
});
