import { describe, expect, it } from "vitest";
import type { Part } from "../content";
import { imageType, previewKind } from "./kind";
import { linesOf } from "./lines";
import { cellsOf } from "./table";

const part = (text: string, from = 0, size?: number): Part => {
  const bytes = new Uint8Array(new TextEncoder().encode(text));
  return { bytes, from, size: size ?? from + bytes.length };
};

describe("the kind of a preview", () => {
  it("is told by the name", () => {
    const kinds = {
      "plot.PNG": "image",
      "a.b.tsv": "table",
      "slurm-5.out": "log",
      "job.e12": "log",
      run: "text",
    };
    for (const [name, kind] of Object.entries(kinds)) expect(previewKind(name), name).toBe(kind);
  });

  it("is never a picture or a page where a script could be inside", () => {
    for (const name of ["x.svg", "x.svgz", "x.html", "x.xhtml", "x.png.svg", "x.pdf", "png"]) {
      expect(previewKind(name), name).toBe("text");
      expect(imageType(name), name).toBeUndefined();
    }
  });
});

describe("lines", () => {
  it("are those of the whole file", () => {
    expect(linesOf(part("one\r\ntwo\n"), false)).toEqual({
      lines: ["one", "two"],
      fromEnd: false,
      encoding: "utf-8",
    });
    expect(linesOf(part(""), false)).toMatchObject({ lines: [], fromEnd: false });
  });

  it("leave out what the part has only half of", () => {
    expect(linesOf(part("one\ntwo\nthr", 0, 99), false)?.lines).toEqual(["one", "two"]);
    expect(linesOf(part("lf\ntwo\nthree\n", 50), false)).toMatchObject({
      lines: ["two", "three"],
      fromEnd: true,
    });
  });

  it("show a line without end as far as it is bearable", () => {
    const [line] = linesOf(part("x".repeat(50_000), 0, 99_999), false)?.lines ?? [];
    expect(line).toHaveLength(10_000);
  });

  it("of a log are as a terminal leaves them", () => {
    expect(linesOf(part("10 %\r99 %\n\u001b[31mred\u001b[0m\n"), true)?.lines).toEqual(["99 %", "red"]);
  });

  it("in CP949 are read so, also where the part begins and ends within a character", () => {
    // "각각\n가\n각": the second byte of 각 first, the first of 각 last.
    const bytes = Uint8Array.from([0xa2, 0xb0, 0xa2, 0x0a, 0xb0, 0xa1, 0x0a, 0xb0]);
    expect(linesOf({ bytes, from: 1, size: 99 }, false)).toMatchObject({ lines: ["가"], encoding: "cp949" });
    expect(cellsOf({ bytes: bytes.subarray(1), from: 0, size: 7 }, false)?.encoding).toBeNull();
    expect(cellsOf({ bytes: bytes.subarray(1), from: 0, size: 99 }, false)?.encoding).toBe("cp949");
    const line = { bytes: Uint8Array.from([0xed, 0x95, 0x9c, 0xea, 0xb8]), from: 0, size: 99 };
    expect(linesOf(line, false)).toMatchObject({ lines: ["한"], encoding: "utf-8" });
  });

  it("in no encoding that is known are shown as far as they can be", () => {
    const bytes = Uint8Array.from([0x64, 0xe9, 0x6a, 0x0a]);
    expect(linesOf({ bytes, from: 0, size: 4 }, false)).toMatchObject({
      lines: ["d\ufffdj"],
      encoding: null,
    });
  });

  it("are none where there are NUL bytes", () => {
    expect(linesOf(part("\u007fELF\u0000\u0001"), false)).toBeNull();
  });
});

describe("a table", () => {
  it("has quoted separators, quotes and line ends in its cells", () => {
    const cells = cellsOf(part('a,b\r\n"1,5","say ""hi""\nnow"\r\n,\n'), false);
    expect(cells).toMatchObject({
      header: ["a", "b"],
      rows: [
        ["1,5", 'say "hi"\nnow'],
        ["", ""],
      ],
      cut: false,
    });
  });

  it("is separated by what its first line has most of", () => {
    expect(cellsOf(part("x;y,z;w\n1;2;3"), false)?.rows).toEqual([["1", "2", "3"]]);
    expect(cellsOf(part("x,1\ty\n"), true)?.header).toEqual(["x,1", "y"]);
    expect(cellsOf(part("one column"), false)?.header).toEqual(["one column"]);
  });

  it("says when it is not the whole", () => {
    const long = cellsOf(part(`n\n${"1\n".repeat(2000)}`), false);
    expect([long?.rows.length, long?.cut]).toEqual([500, true]);
    const wide = cellsOf(part("1,".repeat(200)), false);
    expect([wide?.header.length, wide?.cut]).toEqual([50, true]);
    const half = cellsOf(part("a,b\n1,2\n3,", 0, 99), false);
    expect([half?.rows, half?.cut]).toEqual([[["1", "2"]], true]);
    expect(cellsOf(part("a,b\n1,2\n"), false)?.cut).toBe(false);
  });

  it("whose quote never closes ends with the part", () => {
    expect(cellsOf(part('a\n"b,c\nd'), false)?.rows).toEqual([["b,c\nd"]]);
  });
});
