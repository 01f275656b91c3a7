// The deeds that the audit records, by their noun; and their words.
import { useLookUp } from "../../i18n/use-look-up";

/** What the filter offers. The server may record others, which are shown by their own word. */
export const ACTIONS: Record<string, readonly string[]> = {
  job: ["submit", "cancel", "hold", "release", "requeue", "signal", "update", "resubmit", "read"],
  node: ["drain", "resume", "reboot"],
  upload: ["create", "finish", "discard", "set-kind"],
  session: ["begin", "end", "end-all", "end-idle", "token-reused", "list"],
  user: ["add", "change", "set-password"],
  key: ["create", "revoke", "list"],
  image: ["scan"],
  template: ["scan", "create", "change", "archive"],
  access: ["refused"],
  notifications: ["settings", "secret", "email"],
  audit: [
    "read",
    "export",
    "verify",
    "archive",
    "begin",
    "head-missing",
    "head-unproven",
    "end-missing",
    "end-replaced",
    "not-sealed",
  ],
};

export function useActionName(): (action: string) => string {
  const lookUp = useLookUp();
  // A noun alone names a group of texts, not one.
  return (action) => (action.includes(".") && lookUp(`audit.actions.${action}`)) || action;
}
