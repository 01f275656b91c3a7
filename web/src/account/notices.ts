// Notices of sessions that may have been copied: which there are, and which of them this browser's person has put away.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useUser } from "../auth/use-session";
import { useConnectionState } from "../live/live";
import { notificationsQuery } from "./queries";

/** A sign-in of mine that was used again after it had been used up. */
export interface ReusedSession {
  id: string;
  at: string;
  /** The address that it was used from. */
  by: string;
  /** Where the session had begun. */
  device: string;
  address: string;
}

interface Notice {
  id: string;
  code: string;
  params: unknown;
  created_at: string;
}

const SHOWN_FOR_MS = 30 * 86_400_000;
const STORED = "quarterdeck.dismissed-notices.";

/** Asked for when somebody has signed in; what changes later is asked for when the live connection comes back. */
export const noticesQuery = {
  ...notificationsQuery,
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
};

/** Those of the last 30 days, the newest first. */
export function reusedSessions(notices: Notice[]): ReusedSession[] {
  return notices
    .filter(
      ({ code, created_at }) =>
        code === "session-token-reused" && Date.now() - Date.parse(created_at) < SHOWN_FOR_MS,
    )
    .map(({ id, params, created_at }) => ({
      id,
      at: created_at,
      by: textOf(params, "by"),
      device: textOf(params, "device"),
      address: textOf(params, "address"),
    }));
}

/** The newest that has not been put away here, for the frame. */
export function useReusedSession(): { reused: ReusedSession | null; dismiss(): void } {
  const user = useUser();
  const { data, refetch } = useQuery(noticesQuery);
  useWhenLiveAgain(() => void refetch());
  const stored = useSyncExternalStore(subscribe, () =>
    user ? localStorage.getItem(STORED + user.id) : null,
  );
  const dismissed = idsIn(stored);
  const all = reusedSessions(data?.items ?? []);
  return {
    reused: all.find(({ id }) => !dismissed.includes(id)) ?? null,
    // The others are listed where the banner leads to; those that are no longer shown need not be remembered.
    dismiss: () => {
      if (user) localStorage.setItem(STORED + user.id, JSON.stringify(all.map(({ id }) => id)));
      tell();
    },
  };
}

function useWhenLiveAgain(deed: () => void): void {
  const connection = useConnectionState();
  const last = useRef(deed);
  last.current = deed;
  const before = useRef({ state: connection, wasOpen: false });
  useEffect(() => {
    const { state, wasOpen } = before.current;
    if (connection === "open" && state !== "open" && wasOpen) last.current();
    before.current = { state: connection, wasOpen: wasOpen || connection === "open" };
  }, [connection]);
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Put away in another tab.
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

function tell(): void {
  for (const listener of listeners) listener();
}

function idsIn(stored: string | null): unknown[] {
  try {
    const ids: unknown = JSON.parse(stored ?? "[]");
    return Array.isArray(ids) ? ids : [];
  } catch {
    return [];
  }
}

/** Parameters come from the server by name. */
function textOf(params: unknown, name: string): string {
  const value = typeof params === "object" && params !== null && name in params ? Object(params)[name] : "";
  return typeof value === "string" ? value : "";
}
