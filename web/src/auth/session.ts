// Who is signed in. The access token lives in this module's memory and nowhere else; the refresh token is a cookie
// that scripts cannot read. A refresh token is spent by its use, so at most one refresh is in flight over all tabs:
// a lock orders them, and the tab that refreshed tells the others. So does the one that signs out, or finds out that
// the session has ended.
import { patiently } from "../api/patience";
import { Problem, problemOf } from "../api/problem";
import type { Session, User } from "../api/types";
import { markRequest } from "./activity";

/** Refresh when the token has less than this left, so that no request starts with a token about to end. */
const MARGIN_MS = 60_000;
const LOCK = "quarterdeck-refresh";

/** Why nobody is signed in: nobody was, the person signed out, or the server ended the session. */
export type WhySignedOut = "none" | "left" | "ended";

export type SessionState =
  | { status: "unknown" }
  | { status: "signed-in"; user: User }
  | { status: "signed-out"; why: WhySignedOut };

interface Token {
  value: string;
  /** Milliseconds since 1970, both. */
  acceptedAt: number;
  expiresAt: number;
}

type FromOtherTab =
  | { is: "session"; token: Token; user: User }
  | { is: "left" }
  /** The refresh that was begun then was refused. */
  | { is: "ended"; askedAt: number };

type LeaveListener = (why: WhySignedOut, who: User) => void;

let state: SessionState = { status: "unknown" };
let token: Token | null = null;
let refreshing: Promise<void> | null = null;
/** The last sign-out's request. */
let signingOut: AbortController | null = null;
const stateListeners = new Set<() => void>();
const leaveListeners = new Set<LeaveListener>();
const tokenListeners = new Set<(token: string) => void>();
const otherTabs =
  typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("quarterdeck-session");

otherTabs?.addEventListener("message", ({ data }: MessageEvent<FromOtherTab>) => {
  if (data.is === "session") become({ status: "signed-in", user: data.user }, data.token);
  else if (data.is === "left") become({ status: "signed-out", why: "left" }, null);
  else if (state.status === "signed-in" && !hasNewerThan(data.askedAt)) {
    become({ status: "signed-out", why: "ended" }, null);
  }
});

export const session = {
  get state(): SessionState {
    return state;
  },

  subscribe(listener: () => void): () => void {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  },

  /**
   * Called when the person who was signed in is so no longer, before anybody else can be: what is hers must go. Another
   * person may have signed in in another tab; then she has left.
   */
  onLeave(listener: LeaveListener): () => void {
    leaveListeners.add(listener);
    return () => leaveListeners.delete(listener);
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
    // The late answer to a sign-out would take the new session's cookie with it.
    signingOut?.abort();
    const response = await post("login", { body: JSON.stringify({ username, password }) });
    if (!response.ok) throw await problemOf(response);
    accept(await response.json());
  },

  /** Nobody is signed in here once this is called; it answers when the server knows, or cannot be told. */
  async signOut(): Promise<void> {
    // Begun first, since it carries the token that is forgotten then.
    signingOut = new AbortController();
    const told = post("logout", { signal: signingOut.signal, keepalive: true });
    leave();
    await told.catch(() => undefined);
  },

  /**
   * Ends all sessions of this person, this one too.
   * @throws Problem when the server does not: the others go on then, and so does this one.
   */
  async signOutEverywhere(): Promise<void> {
    await session.token();
    const response = await patiently(() => post("logout-all"));
    if (!response.ok) throw await problemOf(response);
    leave();
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
  // Who signed out stays so, whatever a late request of hers would like: only a sign-in begins anew.
  if (state.status === "signed-out") return Promise.reject(signedOut());
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
  const askedAt = Date.now();
  const response = await patiently(() => post("refresh"));
  // Somebody may have signed in, or out, while the server thought.
  if (hasNewerThan(askedAt)) return;
  if (state.status === "signed-out") throw signedOut();
  if (response.ok) return accept(await response.json());
  if (response.status !== 401) throw await problemOf(response);
  const ended = state.status === "signed-in";
  if (ended) otherTabs?.postMessage({ is: "ended", askedAt } satisfies FromOtherTab);
  become({ status: "signed-out", why: ended ? "ended" : "none" }, null);
  throw signedOut();
}

function hasNewerThan(moment: number): boolean {
  return token !== null && token.acceptedAt > moment;
}

function accept(answer: Session): void {
  const acceptedAt = Date.now();
  const next = { value: answer.access_token, acceptedAt, expiresAt: acceptedAt + answer.expires_in * 1000 };
  otherTabs?.postMessage({ is: "session", token: next, user: answer.user } satisfies FromOtherTab);
  become({ status: "signed-in", user: answer.user }, next);
}

function leave(): void {
  otherTabs?.postMessage({ is: "left" } satisfies FromOtherTab);
  become({ status: "signed-out", why: "left" }, null);
}

function become(next: SessionState, nextToken: Token | null): void {
  const before = state;
  token = nextToken;
  // A refresh may also tell of another role.
  if (JSON.stringify(next) !== JSON.stringify(before)) {
    state = next;
    const stays =
      next.status === "signed-in" && before.status === "signed-in" && next.user.id === before.user.id;
    if (before.status === "signed-in" && !stays) {
      const why = next.status === "signed-out" ? next.why : "left";
      for (const listener of leaveListeners) listener(why, before.user);
    }
    for (const listener of stateListeners) listener();
  }
  if (nextToken) for (const listener of tokenListeners) listener(nextToken.value);
}

function post(
  deed: "login" | "refresh" | "logout" | "logout-all",
  init: { body?: string; signal?: AbortSignal; keepalive?: boolean } = {},
): Promise<Response> {
  const headers = new Headers();
  if (init.body) headers.set("Content-Type", "application/json");
  if (token) headers.set("Authorization", `Bearer ${token.value}`);
  markRequest(headers);
  return fetch(`/api/v1/auth/${deed}`, {
    method: "POST",
    credentials: "same-origin",
    headers,
    ...init,
  });
}

function signedOut(): Problem {
  return new Problem({ status: 401, code: "not-signed-in", detail: "The session is over: sign in again." });
}
