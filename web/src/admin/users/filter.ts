// Which accounts the list shows: in the URL, and as the server is asked.
import type { AccountKind, Role } from "../../api/types";

export const ROLES = ["admin", "operator", "user", "viewer"] as const satisfies readonly Role[];
export const ACCOUNT_KINDS = ["person", "service"] as const satisfies readonly AccountKind[];
export const ACCOUNT_STATES = ["active", "disabled"] as const;

export interface UserFilter {
  q?: string;
  role?: Role;
  kind?: AccountKind;
  state?: (typeof ACCOUNT_STATES)[number];
}

/** Reads the URL's search; what is not understood is left out. */
export function userFilterFromSearch(search: Record<string, unknown>): UserFilter {
  const filter: UserFilter = {};
  // The router reads a search for "12" as a number.
  if ((typeof search.q === "string" && search.q !== "") || typeof search.q === "number")
    filter.q = String(search.q);
  const role = ROLES.find((role) => role === search.role);
  const kind = ACCOUNT_KINDS.find((kind) => kind === search.kind);
  const state = ACCOUNT_STATES.find((state) => state === search.state);
  return { ...filter, ...(role && { role }), ...(kind && { kind }), ...(state && { state }) };
}

/** The query string of `GET /users`. */
export function queryOfUsers({ q, role, kind, state }: UserFilter) {
  return {
    ...(q ? { q } : {}),
    ...(role ? { role } : {}),
    ...(kind ? { kind } : {}),
    ...(state ? { disabled: state === "disabled" } : {}),
  };
}
