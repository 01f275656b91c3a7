import { expect, it } from "vitest";
import type { UploadInfo } from "../api/types";
import { unfinishedFiles } from "./unfinished";

const upload = (change: Partial<UploadInfo>) =>
  ({
    id: "1",
    filename: "a",
    space: "home",
    directory: "x",
    size: 10,
    offset: 4,
    part: null,
    ...change,
  }) as UploadInfo;

it("parts of a file are one file, as far as all of them have come", () => {
  const part = (id: string, number: number, offset: number, directory = "x") =>
    upload({ id, fingerprint: "f", offset, directory, part: { number, count: 3, whole_size: 90 } });
  const files = unfinishedFiles([
    part("2", 1, 30),
    upload({ id: "3" }),
    part("4", 3, 5),
    part("5", 1, 7, "elsewhere"),
  ]);
  expect(files.map(({ size, offset, ids }) => [size, offset, ids])).toEqual([
    [90, 35, ["2", "4"]],
    [10, 4, ["3"]],
    [90, 7, ["5"]],
  ]);
});
