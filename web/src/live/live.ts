// The page's live connection, bound to the session: opens with a sign-in, closes with it, and proves itself anew
// whenever the session gets a new token.
import { useSyncExternalStore } from "react";
import { session } from "../auth/session";
import { type ConnectionState, LiveConnection } from "./connection";

export const live = new LiveConnection({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`,
  token: () => session.token(),
  onRefused: (token) => session.refused(token),
});

let renewal: ReturnType<typeof setTimeout> | null = null;

/** Called once, when the page starts. */
export function bindLiveToSession(): void {
  // Another person who signs in gets a connection of her own.
  session.onLeave(() => live.close());
  session.subscribe(follow);
  session.onToken((token) => {
    live.authenticate(token);
    planRenewal();
  });
  window.addEventListener("online", () => live.hurry());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") live.hurry();
  });
  follow();
}

export function useConnectionState(): ConnectionState {
  return useSyncExternalStore(live.onState, () => live.state);
}

function follow(): void {
  if (session.state.status === "signed-in") live.open();
  else live.close();
}

/** Nothing else asks for a token on a page that is only looked at, so the connection's needs must. */
function planRenewal(): void {
  if (renewal) clearTimeout(renewal);
  const wait = session.renewIn;
  if (wait !== null) renewal = setTimeout(() => void session.token().catch(() => undefined), wait + 1000);
}
