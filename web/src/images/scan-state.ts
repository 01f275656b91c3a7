export function isGoingOn(state: string | undefined): boolean {
  return state === "queued" || state === "running";
}
