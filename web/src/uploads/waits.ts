// When what failed is tried again: later each time, when the server says so, or as soon as the network is back.
import type { Problem } from "../api/problem";
import { pause } from "./tus";

const RETRY_DELAYS_MS = [0, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000];
/** As many as there are delays. */
export const TRIES = RETRY_DELAYS_MS.length;
/** So that many who were cut together do not come back together. */
const JITTER = 0.2;
const OFFLINE_WAIT_MS = 30_000;

export class Waits {
  /** Milliseconds since 1970: the server asked to be left alone until then. */
  private notBefore = 0;
  private readonly sleepers = new Set<() => void>();

  constructor(private readonly isOffline: () => boolean) {}

  /** Ends all waits but those that the server asked for. */
  wake(): void {
    for (const wake of [...this.sleepers]) wake();
  }

  /** Until the server wants to be asked again. */
  async leaveAlone(signal: AbortSignal): Promise<void> {
    const wait = this.notBefore - Date.now();
    if (wait > 0) await pause(wait, signal);
  }

  /** Before the next try, after so many failures in a row. */
  async sleep(problem: Problem, failures: number, signal: AbortSignal): Promise<void> {
    const told = (problem.retryAfter ?? 0) * 1000;
    if (told > 0) this.notBefore = Math.max(this.notBefore, Date.now() + told);
    const delay = RETRY_DELAYS_MS[Math.min(failures, RETRY_DELAYS_MS.length - 1)] ?? 0;
    const isOffline = problem.status === 0 && this.isOffline();
    const wait = isOffline ? OFFLINE_WAIT_MS : delay * (1 + Math.random() * JITTER);
    const woken = new AbortController();
    const wake = () => woken.abort();
    // The network does not change what the server asked for.
    if (told === 0) this.sleepers.add(wake);
    const leave = () => woken.abort();
    signal.addEventListener("abort", leave, { once: true });
    try {
      await pause(Math.max(wait, told), woken.signal).catch(() => undefined);
      signal.throwIfAborted();
    } finally {
      this.sleepers.delete(wake);
      signal.removeEventListener("abort", leave);
    }
  }
}
