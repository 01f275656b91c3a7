// Who is signed in. The access token lives in this module's memory and nowhere else; the refresh token is a cookie
// that scripts cannot read. A refresh token is spent by its use, so at most one refresh is in flight over all tabs:
// a lock orders them, and the tab that refreshed tells the others.
import { Problem, problemOf } from "../api/problem";
import type { Session, User } from "../api/types";

/** Refresh when the token has less than this left, so that no request starts with a token about to end. */
const MARGIN_MS = 60_000;
const LOCK = "quarterdeck-refresh";

export type SessionState =
  | { status: "unknown" }
  | { status: "signed-in"; user: User }
  | { status: "signed-out" };

interface Token {
  value: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

type FromOtherTab = { is: "session"; token: Token; user: User } | { is: "signed-out" };

let state: SessionState = { status: "unknown" };
let token: Token | null = null;
let refreshing: Promise<void> | null = null;
const stateListeners = new Set<() => void>();
const tokenListeners = new Set<(token: string) => void>();
const otherTabs =
  typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("quarterdeck-session");

otherTabs?.addEventListener("message", (event: MessageEvent<FromOtherTab>) => {
  if (event.data.is === "signed-out") become({ status: "signed-out" }, null);
  else become({ status: "signed-in", user: event.data.user }, event.data.token);
});

export const session = {
  get state(): SessionState {
    return state;
  },

  subscribe(listener: () => void): () => void {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  },

  /** Called with each new access token, for connections that outlive one. */
  onToken(listener: (token: string) => void): () => void {
    tokenListeners.add(listener);
    return () => tokenListeners.delete(listener);
  },

  /**
   * Finds out whether the browser still holds a session.
   * @throws Problem when the server cannot be asked.
   */
  async start(): Promise<SessionState> {
    if (state.status === "unknown") {
      await refresh().catch((error: unknown) => {
        if (!(error instanceof Problem && error.status === 401)) throw error;
      });
    }
    return state;
  },

  /** @throws Problem when the server refuses. */
  async signIn(username: string, password: string): Promise<void> {
    const response = await post("login", { username, password });
    if (!response.ok) throw await problemOf(response);
    accept(await response.json());
  },

  async signOut(): Promise<void> {
    // The session ends here even when the server cannot be told.
    await post("logout").catch(() => undefined);
    otherTabs?.postMessage({ is: "signed-out" } satisfies FromOtherTab);
    become({ status: "signed-out" }, null);
  },

  /**
   * A token that is good for at least a while; refreshes first where needed.
   * @throws Problem 401 when the session is over, and others when the server cannot be asked.
   */
  async token(): Promise<string> {
    if (!token || token.expiresAt - Date.now() < MARGIN_MS) await refresh();
    if (!token) throw signedOut();
    return token.value;
  },

  /** The server refused this token: forget it, unless it has been replaced meanwhile. */
  refused(value: string): void {
    if (token?.value === value) token = null;
  },

  /** Milliseconds until the token should be replaced; `null` without one. */
  get renewIn(): number | null {
    return token ? Math.max(0, token.expiresAt - Date.now() - MARGIN_MS) : null;
  },
};

function refresh(): Promise<void> {
  refreshing ??= inTurn(refreshUnlessDone).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** Over all tabs where the browser can; `navigator.locks` is missing on plain HTTP. */
function inTurn(deed: () => Promise<void>): Promise<void> {
  if (typeof navigator === "undefined" || !navigator.locks) return deed();
  return navigator.locks.request(LOCK, deed);
}

async function refreshUnlessDone(): Promise<void> {
  // Another tab may have refreshed, and told us, while we waited for the lock.
  if (token && token.expiresAt - Date.now() >= MARGIN_MS) return;
  const response = await post("refresh");
  if (response.ok) return accept(await response.json());
  if (response.status === 401) {
    become({ status: "signed-out" }, null);
    throw signedOut();
  }
  throw await problemOf(response);
}

function accept(answer: Session): void {
  const next: Token = { value: answer.access_token, expiresAt: Date.now() + answer.expires_in * 1000 };
  otherTabs?.postMessage({ is: "session", token: next, user: answer.user } satisfies FromOtherTab);
  become({ status: "signed-in", user: answer.user }, next);
}

function become(next: SessionState, nextToken: Token | null): void {
  token = nextToken;
  const changed =
    next.status !== state.status ||
    (next.status === "signed-in" &&
      state.status === "signed-in" &&
      next.user.username !== state.user.username);
  if (changed) {
    state = next;
    for (const listener of stateListeners) listener();
  }
  if (nextToken) for (const listener of tokenListeners) listener(nextToken.value);
}

function post(deed: "login" | "refresh" | "logout", body?: object): Promise<Response> {
  return fetch(`/api/v1/auth/${deed}`, {
    method: "POST",
    credentials: "same-origin",
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...(token ? { Authorization: `Bearer ${token.value}` } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

function signedOut(): Problem {
  return new Problem({ status: 401, code: "not-signed-in", detail: "The session is over: sign in again." });
}
