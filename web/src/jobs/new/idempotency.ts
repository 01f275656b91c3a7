// One key for each attempt: trying the same submission again after an answer was lost must not make a second job.
import { Problem } from "../../api/problem";

export class Attempts {
  private body = "";
  private key = "";

  /** The key of the attempt that is under way, or of a new one where the form has changed since. */
  keyFor(request: object): string {
    const body = JSON.stringify(request);
    if (body !== this.body || this.key === "") {
      this.body = body;
      this.key = randomKey();
    }
    return this.key;
  }

  /** The server answered with this error: was it the last word on this attempt? */
  settle(error: unknown): void {
    const unknown =
      !(error instanceof Problem) || error.status === 0 || error.status >= 500 || error.status === 409;
    if (!unknown) this.key = "";
  }
}

/** `crypto.randomUUID` is missing on plain HTTP. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
