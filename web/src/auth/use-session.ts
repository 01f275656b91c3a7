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

/** Whether the person may keep things of her own on the cluster: templates, favourites. */
export function useCanHaveOwn(): boolean {
  const user = useUser();
  return user?.unix_user != null && user.roles.some((role) => role !== "viewer");
}
