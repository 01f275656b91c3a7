// Throws away on the server what it has of files that were cancelled.
import { asProblem } from "../api/problem";
import type { SendAnswer, SendRequest } from "./send";
import { type Begun, isPassing, terminate } from "./tus";
import { TRIES, type Waits } from "./waits";

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
   * @param lefts tell what there is of each, when its turn has come; null is nothing.
   */
  add(lefts: readonly (() => Promise<Begun | null>)[]): Promise<void> {
    this.count += lefts.length;
    for (const left of lefts)
      this.last = this.last
        .then(() => this.discard(left))
        .finally(() => {
          this.count -= 1;
        });
    return this.last;
  }

  private async discard(left: () => Promise<Begun | null>): Promise<void> {
    const signal = new AbortController().signal;
    try {
      const begun = await left();
      if (begun === null) return;
      for (let failures = 0; failures < TRIES; failures += 1) {
        try {
          return await terminate({ begun, send: this.send }, signal);
        } catch (error) {
          const problem = asProblem(error);
          if (!isPassing(problem)) return;
          await this.waits.sleep(problem, failures, signal);
        }
      }
    } catch {
      // What cannot be removed now expires on the server.
    }
  }
}
