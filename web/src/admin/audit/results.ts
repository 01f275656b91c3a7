// How a deed ended, as the audit knows it.

import type { AuditResult } from "../../api/types";

export const AUDIT_RESULTS = [
  "done",
  "refused",
  "failed",
  "unknown",
  "pending",
] as const satisfies readonly AuditResult[];
