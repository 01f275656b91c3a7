// The session inside React.
import { useSyncExternalStore } from "react";
import type { User } from "../api/types";
import { type SessionState, session } from "./session";

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** For everything below the frame, where somebody is always signed in. */
export function useUser(): User | null {
  const state = useSession();
  return state.status === "signed-in" ? state.user : null;
}

export function useIsAdmin(): boolean {
  return useUser()?.roles.includes("admin") ?? false;
}

/** Whether the person may act on the cluster as a whole (scan images, reload templates). */
export function useIsOperator(): boolean {
  const roles = useUser()?.roles ?? [];
  return roles.includes("admin") || roles.includes("operator");
}
