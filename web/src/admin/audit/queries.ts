// The audit. To read it is itself recorded: that happens when somebody asks, not when a window comes to the front.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { authorizedFetch } from "../../api/http";
import { problemOf } from "../../api/problem";
import type { AuditFilter } from "./filter";
import type { AuditResult } from "./results";

export interface AuditEvent {
  id: string;
  seq: number | null;
  at: string;
  actor: string;
  actor_id: string | null;
  unix_user: string | null;
  session_id: string | null;
  key_id: string | null;
  address: string;
  request_id: string;
  action: string;
  object: string;
  job_id: string | null;
  result: AuditResult;
  concluded_at: string | null;
  detail: unknown;
}

interface AuditPage {
  items: AuditEvent[];
  next_cursor?: string | null;
  total?: number | null;
}

export interface AuditFinding {
  kind: string;
  seq: number | null;
  event_id: string | null;
  at: string | null;
  action: string | null;
  detail: string;
}

export interface AuditReport {
  ok: boolean;
  checked: number;
  first_seq: number | null;
  last_seq: number | null;
  window_seconds: number;
  findings: AuditFinding[];
  omitted: number;
}

const PAGE_SIZE = 100;

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ ...filter, limit: String(PAGE_SIZE) });
      if (pageParam) query.set("cursor", pageParam);
      return get<AuditPage>(`/api/v1/audit?${query}`, signal);
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export function verifyAudit(): Promise<AuditReport> {
  return get<AuditReport>("/api/v1/audit/verify");
}

/** All events of the span, as newline-delimited JSON. */
export async function exportAudit({ since, until }: AuditFilter): Promise<Blob> {
  const query = new URLSearchParams({ ...(since && { since }), ...(until && { until }) });
  const response = await authorizedFetch(new Request(`/api/v1/audit/export?${query}`));
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

async function get<Answer>(path: string, signal?: AbortSignal): Promise<Answer> {
  const response = await authorizedFetch(new Request(path, signal ? { signal } : {}));
  if (!response.ok) throw await problemOf(response);
  return response.json();
}
