import { expect, it } from "vitest";
import { signalOf } from "./signal-of";

it("takes Slurm's mark of memory for no signal", () => {
  expect([9, 125, 0, null, undefined].map((signal) => signalOf({ signal }))).toEqual([
    9,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
