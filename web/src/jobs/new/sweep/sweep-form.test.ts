import { describe, expect, it } from "vitest";
import type { Template } from "../../../api/types";
import {
  addColumn,
  decodeTable,
  EMPTY_SWEEP,
  importTable,
  listOf,
  multiply,
  pasteAt,
  rangeOf,
  type SweepForm,
  setCell,
  sweepFaults,
  sweepForm,
  sweepRequest,
} from "./sweep-form";

const sweep = (columns: string[], rows: string[][]): SweepForm => ({ columns, rows, atOnce: null });
const template = {
  parameters: [
    { name: "count", type: "integer" },
    { name: "ratio", type: "number" },
    { name: "flag", type: "boolean" },
    { name: "word", type: "string" },
  ],
  files: [{ name: "input.txt" }],
} as unknown as Template;

describe("what comes from a spreadsheet", () => {
  it("is laid over the table from the cell on, with new rows and no new columns", () => {
    const pasted = pasteAt(
      sweep(
        ["a", "b"],
        [
          ["1", "2"],
          ["3", "4"],
        ],
      ),
      1,
      1,
      'x\tlost\r\n"y\nz"\t\r\n',
    );
    expect(pasted?.rows).toEqual([
      ["1", "2"],
      ["3", "x"],
      ["", "y\nz"],
    ]);
  });

  it("is left to the cell where it is one text", () => {
    expect(pasteAt(sweep(["a"], [["1"]]), 0, 0, "one text\n")).toBeNull();
  });

  it("never makes more rows than a sweep has", () => {
    expect(pasteAt(sweep(["a"], [[""]]), 0, 0, "x\n".repeat(2000))?.rows).toHaveLength(1000);
  });
});

describe("an imported table", () => {
  const nameOf = (header: string) => (["a", "b"].includes(header) ? header : null);

  it("names its columns in the first line, in any order, between commas or semicolons", () => {
    const expected = sweep(
      ["b", "a"],
      [
        ['say "x";\n2', "1"],
        ["", "-5"],
      ],
    );
    const text = '\ufeffb;note;a\r\n"say ""x"";\n2";n;1\r\n;;-5\r\n';
    expect(importTable(EMPTY_SWEEP, text, nameOf)).toEqual({
      sweep: expected,
      ignored: ["note"],
      cut: false,
    });
    const commas = importTable(EMPTY_SWEEP, "a,b\n1,2\n", nameOf);
    expect(commas?.sweep.rows).toEqual([["1", "2"]]);
  });

  it("that is for nothing here leaves the form as it is", () => {
    expect(importTable(EMPTY_SWEEP, "x,y\n1,2\n", nameOf)).toBeNull();
    expect(importTable(EMPTY_SWEEP, "", nameOf)).toBeNull();
  });

  it("is cut after a thousand rows, and says so", () => {
    const imported = importTable(EMPTY_SWEEP, `a\n${"1\n".repeat(1001)}`, nameOf);
    expect([imported?.sweep.rows.length, imported?.cut]).toEqual([1000, true]);
  });

  it("is read as UTF-8, UTF-16 or what Korean spreadsheets write", () => {
    const bytes = (...values: number[]) => new Uint8Array(values).buffer;
    expect(decodeTable(new TextEncoder().encode("온도").buffer as ArrayBuffer)).toBe("온도");
    expect(decodeTable(bytes(0xbf, 0xc2, 0xb5, 0xb5))).toBe("온도");
    expect(decodeTable(bytes(0xff, 0xfe, 0x28, 0xc6))).toBe("온");
  });
});

describe("ranges and lists", () => {
  it.each([
    ["1", "4", "1", ["1", "2", "3", "4"]],
    ["0", "0.3", "0.1", ["0", "0.1", "0.2", "0.3"]],
    ["10", "0", "-5", ["10", "5", "0"]],
    ["1e-3", "3e-3", "1e-3", ["0.001", "0.002", "0.003"]],
    ["1", "1", "7", ["1"]],
  ])("go from %s to %s by %s", (from, to, step, values) => {
    expect(rangeOf(from, to, step)).toEqual(values);
  });

  it.each([
    ["", "1", "1"],
    ["1", "5", "0"],
    ["1", "5", "-1"],
    ["a", "5", "1"],
    ["1", "1001", "1"],
    ["0", "Infinity", "1"],
  ])("are none from %s to %s by %s", (from, to, step) => {
    expect(rangeOf(from, to, step)).toBeNull();
  });

  it("make a row of each value with each row", () => {
    const temperatures = multiply(EMPTY_SWEEP, "t", ["300", "310"]) as SweepForm;
    expect(temperatures.rows).toEqual([["300"], ["310"]]);
    const both = multiply(temperatures, "p", listOf("1, 2\n3,,")) as SweepForm;
    expect(both.columns).toEqual(["t", "p"]);
    expect(both.rows).toEqual([
      ["300", "1"],
      ["300", "2"],
      ["300", "3"],
      ["310", "1"],
      ["310", "2"],
      ["310", "3"],
    ]);
    // Once more for the same column replaces its values.
    expect(multiply(both, "p", ["9"])?.rows).toEqual([
      ["300", "9"],
      ["310", "9"],
    ]);
    expect(
      multiply(
        both,
        "q",
        Array.from({ length: 200 }, (_, n) => String(n)),
      ),
    ).toBeNull();
  });
});

describe("the request", () => {
  it("has values of the parameters' types, and leaves out empty cells and rows", () => {
    const form = sweep(
      ["count", "ratio", "flag", "word", "input.txt"],
      [
        ["3", " 0.25 ", "Yes", "007", "a.csv"],
        ["", " ", "", "", ""],
        ["", "", "", " ", ""],
        ["3.5", "x", "maybe", "", ""],
        ["9007199254740993", "1e3", "0", "", ""],
      ],
    );
    expect(sweepRequest({ ...form, atOnce: 4 }, template)).toEqual({
      parameters: form.columns,
      rows: [
        { count: 3, ratio: 0.25, flag: true, word: "007", "input.txt": "a.csv" },
        { count: "3.5", ratio: "x", flag: "maybe" },
        { count: "9007199254740993", ratio: 1000, flag: false },
      ],
      at_once: 4,
    });
    expect(sweepRequest(sweep(["N"], [["1.50"]]), null).rows).toEqual([{ N: "1.50" }]);
  });

  it("comes back as the same table", () => {
    const form = sweep(
      ["count", "word"],
      [
        ["3", "a"],
        ["4", ""],
      ],
    );
    expect(sweepForm(sweepRequest(form, template))).toEqual(form);
  });

  it("is told of its faults at the cells, past rows that were left out", () => {
    const form = setCell(addColumn(addColumn(EMPTY_SWEEP, "count"), "a/b~c"), 2, 1, "x");
    const fault = (pointer: string) => ({ pointer, detail: pointer, code: "wrong-type", params: {} });
    const faults = sweepFaults(
      ["/sweep/rows/0/a~1b~0c", "/sweep/parameters/1", "/sweep/rows", "/name"].map(fault),
      form,
    );
    expect([...faults.cells.keys()]).toEqual(["2 1"]);
    expect([...faults.columns.keys()]).toEqual([1]);
    expect(faults.table?.pointer).toBe("/sweep/rows");
  });
});
