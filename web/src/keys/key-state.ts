// Whether a key still opens anything.
import type { ApiKey } from "../api/types";

export type KeyState = "live" | "expired" | "revoked";

export function keyState(key: Pick<ApiKey, "expires_at" | "revoked_at">, now: number): KeyState {
  if (key.revoked_at) return "revoked";
  return Date.parse(key.expires_at) <= now ? "expired" : "live";
}
