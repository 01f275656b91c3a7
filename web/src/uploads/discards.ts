// Throws away on the server what it has of files that were cancelled.
import { asProblem } from "../api/problem";
import type { SendAnswer, SendRequest } from "./send";
import { type Begun, isPassing, terminate } from "./tus";
import { TRIES, type Waits } from "./waits";

/** What the server has of a file; `isAgain`: looked at anew. */
type Left = (isAgain: boolean) => Promise<Begun | null>;

const LOOKS = 3;

export class Discards {
  private last: Promise<void> = Promise.resolve();
  private count = 0;

  constructor(
    private readonly send: (request: SendRequest) => Promise<SendAnswer>,
    private readonly waits: Waits,
  ) {}

  get isBusy(): boolean {
    return this.count > 0;
  }

  /**
   * One after the other, behind those before: a folder's worth at once would be refused.
   * @param lefts tell what there is of each, when its turn has come, and what there still is after that was removed;
   * null is nothing.
   */
  add(lefts: readonly Left[]): Promise<void> {
    this.count += lefts.length;
    for (const left of lefts)
      this.last = this.last
        .then(() => this.discard(left))
        .finally(() => {
          this.count -= 1;
        });
    return this.last;
  }

  private async discard(left: Left): Promise<void> {
    try {
      let begun = await left(false);
      // What was announced at the moment of the cancel may have arrived behind the first look.
      for (let looks = 0; begun !== null && looks < LOOKS; looks += 1) {
        await this.remove(begun);
        begun = await left(true);
      }
    } catch {
      // What cannot be removed now expires on the server.
    }
  }

  private async remove(begun: Begun): Promise<void> {
    const signal = new AbortController().signal;
    for (let failures = 0; ; failures += 1) {
      try {
        return await terminate({ begun, send: this.send }, signal);
      } catch (error) {
        const problem = asProblem(error);
        if (!isPassing(problem) || failures === TRIES) throw problem;
        await this.waits.sleep(problem, failures, signal);
      }
    }
  }
}
