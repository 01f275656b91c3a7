// How a deed ended, as the audit knows it.

export const AUDIT_RESULTS = ["done", "refused", "failed", "unknown", "pending"] as const;
export type AuditResult = (typeof AUDIT_RESULTS)[number];
