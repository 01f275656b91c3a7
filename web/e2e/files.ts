// The files that a journey uploads, made on the spot.
import { createHash } from "node:crypto";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface JourneyFiles {
  directory: string;
  /** A number a line. */
  numbers: string;
  /** What the numbers come to. */
  sum: number;
  big: string;
  bigSize: number;
  remove(): Promise<void>;
}

/** Enough that adding them takes the job a few seconds, and a person sees it run. */
const LINES = 5_000_000;
const MIB = 1024 * 1024;

export async function makeFiles(bigMib: number): Promise<JourneyFiles> {
  const directory = await mkdtemp(join(tmpdir(), "quarterdeck-journey-"));
  const numbers = join(directory, "input.txt");
  await writeFile(numbers, "1\n".repeat(LINES));
  // A name of its own in each run, so that the server's list tells this upload from earlier ones.
  const big = join(directory, `big-${Date.now()}.bin`);
  const file = await open(big, "w");
  // Differing blocks, so that a piece that went to the wrong offset would not go unnoticed.
  for (let block = 0; block < bigMib; block += 1) {
    const seed = createHash("sha256").update(String(block)).digest();
    await file.write(Buffer.alloc(MIB, seed));
  }
  await file.close();
  return {
    directory,
    numbers,
    sum: LINES,
    big,
    bigSize: bigMib * MIB,
    remove: () => rm(directory, { recursive: true }),
  };
}
