// Waits where the server says that it is asked too often, and tries again by itself: what it refused so, it did not do.
import { useSyncExternalStore } from "react";

const MOST_WAITS = 3;
const LONGEST_WAIT_MS = 60_000;
/** Where the answer does not say how long. */
const UNTOLD_WAIT_MS = 5000;
/** A part by chance, so that all who were refused together do not come back together. */
const JITTER_MS = 1000;

/** Until when each of those who wait does so, in milliseconds since 1970. */
const waits = new Set<{ until: number }>();
const listeners = new Set<() => void>();

/**
 * Sends, waits as told where the answer is 429, and sends again; in the end answers what the server said last.
 * @throws the signal's reason where it ends the wait.
 */
export async function patiently(send: () => Promise<Response>, signal?: AbortSignal): Promise<Response> {
  for (let waited = 0; ; waited += 1) {
    const response = await send();
    if (response.status !== 429 || waited === MOST_WAITS) return response;
    void response.body?.cancel();
    await wait(millisecondsTold(response), signal);
  }
}

/** Until when something of the page waits; `null` while nothing does. */
export function useWaitingUntil(): number | null {
  return useSyncExternalStore(subscribe, waitingUntil);
}

function waitingUntil(): number | null {
  return waits.size > 0 ? Math.max(...[...waits].map(({ until }) => until)) : null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function millisecondsTold(response: Response): number {
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const told = Number.isNaN(seconds) ? UNTOLD_WAIT_MS : Math.max(0, seconds) * 1000;
  return Math.min(told, LONGEST_WAIT_MS) + Math.random() * JITTER_MS;
}

function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  const told = { until: Date.now() + milliseconds };
  waits.add(told);
  tell();
  return new Promise<void>((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve();
    }, milliseconds);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave, { once: true });
  }).finally(() => {
    waits.delete(told);
    tell();
  });
}

function tell(): void {
  for (const listener of listeners) listener();
}
