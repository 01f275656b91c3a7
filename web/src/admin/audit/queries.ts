// The audit. To read it is itself recorded: that happens when somebody asks, not when a window comes to the front.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { AuditReport } from "../../api/types";
import type { AuditFilter } from "./filter";

const PAGE_SIZE = 100;

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ["audit", filter],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/audit", {
        params: { query: { ...filter, limit: PAGE_SIZE, ...(pageParam ? { cursor: pageParam } : {}) } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export async function verifyAudit(): Promise<AuditReport> {
  const { data } = await client.GET("/api/v1/audit/verify");
  return data as NonNullable<typeof data>;
}

/** All events of the span, as newline-delimited JSON. */
export async function exportAudit({ since, until }: AuditFilter): Promise<Blob> {
  const { data } = await client.GET("/api/v1/audit/export", {
    params: { query: { ...(since && { since }), ...(until && { until }) } },
    parseAs: "blob",
  });
  return data as NonNullable<typeof data>;
}
