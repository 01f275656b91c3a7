// One clock for everything on the page that shows an age or a running time.
import { useSyncExternalStore } from "react";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

/** Milliseconds since 1970, renewed each second while anyone looks; stands still with `running` false. */
export function useNow(running = true): number {
  return useSyncExternalStore(running ? subscribe : standStill, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) {
    now = Date.now();
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

function standStill(): () => void {
  return () => undefined;
}
