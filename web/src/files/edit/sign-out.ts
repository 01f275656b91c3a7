// Drafts go when somebody signs out: in this part by itself, which is there before anybody is signed in. Whether the rest
// of the drafts can be loaded must not decide what stays on a shared computer.
import { session } from "../../auth/session";

export const DRAFTS = "quarterdeck.draft.";

/** How the keys of a person's drafts begin. */
export function keysOf(user: string): string {
  return `${DRAFTS}${user}/`;
}

/** Herself; neither did the session end, nor somebody else sign in in another tab. */
export function hasSignedOut(): boolean {
  return session.state.status === "signed-out" && session.state.why === "left";
}

/** Called once, when the page starts. */
export function removeDraftsAtSignOut(): void {
  session.onLeave((_, { id }) => {
    if (!hasSignedOut()) return;
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(keysOf(id))) localStorage.removeItem(key);
      }
    } catch {
      // A browser may deny its storage as a whole: then there are no drafts.
    }
  });
}
