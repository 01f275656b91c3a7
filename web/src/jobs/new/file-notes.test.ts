import { describe, expect, it } from "vitest";
import type { TemplateFile } from "../../api/types";
import { notesOf } from "./file-notes";
import type { FileChoice } from "./form";

const wanted = [{ name: "input.csv", kind: "data", required: true, label: "" }] as unknown as TemplateFile[];

const file = (change: Partial<FileChoice & { size: number | null }> = {}) => ({
  key: "1",
  upload: null,
  filename: "input.csv",
  kind: "data",
  as: "",
  finished: false,
  size: 5,
  ...change,
});

const codes = (one: ReturnType<typeof file>, others: FileChoice[] = [], asked = wanted) =>
  notesOf(one, [one, ...others], asked, 100).map(({ code, isError }) => (isError ? `${code}!` : code));

describe("what is said of a job's file", () => {
  it("is nothing where it is what the template asks for", () => {
    expect(codes(file())).toEqual([]);
    expect(codes(file({ filename: "anything" }), [], [])).toEqual([]);
  });

  it("is what the server would refuse", () => {
    expect(codes(file(), [file({ key: "2", filename: "b.csv", as: "input.csv" })])).toEqual(["name-taken!"]);
    expect(codes(file({ as: "a/b" }), [], [])).toEqual(["bad-name!"]);
    expect(codes(file({ size: 101 }))).toEqual(["too-large!"]);
  });

  it("is what is likely a mistake", () => {
    expect(codes(file({ size: 0 }))).toEqual(["empty"]);
    expect(codes(file({ kind: "mesh" }))).toEqual(["other-kind"]);
    expect(codes(file({ filename: "table.xlsx", as: "input.csv" }))).toEqual(["other-ending"]);
    expect(codes(file({ filename: "notes.md" }))).toEqual(["not-asked"]);
  });
});
