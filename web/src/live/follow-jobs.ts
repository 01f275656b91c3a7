// Follows a cluster's jobs for as long as the cluster is on the page.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import type { Cluster, Fallback, Job } from "../api/types";
import { jobListsKey, jobsKey } from "../jobs/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { refreshFigures } from "./figures";
import { applyJobs } from "./jobs-cache";
import { live } from "./live";

/** How fresh what the page shows of a cluster is. */
export interface Freshness {
  asOf: string | null;
  stale: boolean;
  staleReason: string | null;
  fallback: Fallback | null;
  /** Of accounting, which tells how jobs ended; null where the site keeps none. */
  accounting: SourceAge | null;
}

type SourceAge = NonNullable<Cluster["accounting"]>;

const UNKNOWN: Freshness = {
  asOf: null,
  stale: false,
  staleReason: null,
  fallback: null,
  accounting: null,
};
const freshness = new Map<string, Freshness>();
const freshnessListeners = new Set<() => void>();

/** Call it once, in the frame. */
export function useFollowJobs(cluster: string | null): void {
  const cache = useQueryClient();
  useEffect(() => (cluster ? followJobs(live, cache, cluster) : undefined), [cache, cluster]);
}

export function useFreshness(cluster: string | null): Freshness {
  return useSyncExternalStore(onFreshness, () => (cluster && freshness.get(cluster)) || UNKNOWN);
}

function onFreshness(listener: () => void): () => void {
  freshnessListeners.add(listener);
  return () => freshnessListeners.delete(listener);
}

export function followJobs(connection: LiveConnection, cache: QueryClient, cluster: string): () => void {
  const channel = `jobs:${cluster}`;
  let seen = false;
  const onMessage = (message: ChannelMessage) => {
    // The overview tells of the sources too.
    if (noteFreshness(cluster, message)) refreshFigures(cache, cluster);
    if (message.type === "snapshot") {
      applyJobs(cache, cluster, jobsOf(message.items), []);
      askAgain(cache, cluster);
      // A second snapshot: the connection was gone, or the server had more to say than we took. What a snapshot no
      // longer holds may have changed too.
      if (seen) void cache.invalidateQueries({ queryKey: jobListsKey(cluster) });
      seen = true;
      refreshFigures(cache, cluster);
    } else if (message.type === "delta") {
      applyJobs(cache, cluster, jobsOf(message.upsert), idsOf(message.remove));
      askAgain(cache, cluster);
      refreshFigures(cache, cluster);
    }
  };

  return connection.subscribe(channel, { onMessage });
}

/** The answers to these are waited for already. */
const awaited = new WeakSet<Promise<unknown>>();

/**
 * An answer that is on its way may be older than what was just told, and would be all that the page knows until the next
 * change: once it is there, it is asked for again.
 */
function askAgain(cache: QueryClient, cluster: string): void {
  const onTheWay = [jobListsKey(cluster), jobsKey].flatMap((queryKey) =>
    cache.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" }),
  );
  for (const { promise, queryKey } of onTheWay) {
    if (!promise || awaited.has(promise)) continue;
    awaited.add(promise);
    const again = () => cache.invalidateQueries({ queryKey, exact: true });
    void promise.then(again, () => undefined);
  }
}

/** Answers whether a source failed or returned. */
function noteFreshness(cluster: string, message: ChannelMessage): boolean {
  if (message.type !== "status" && message.type !== "snapshot" && message.type !== "delta") return false;
  const known = freshness.get(cluster) ?? UNKNOWN;
  const now: Freshness = {
    // A delta is itself a sign of life of its source.
    asOf:
      typeof message.as_of === "string"
        ? message.as_of
        : message.type === "delta"
          ? new Date().toISOString()
          : known.asOf,
    stale:
      typeof message.stale === "boolean" ? message.stale : message.type === "delta" ? false : known.stale,
    staleReason: typeof message.stale_reason === "string" ? message.stale_reason : null,
    fallback: message.type === "delta" ? known.fallback : fallbackOf(message),
    accounting:
      message.type === "delta" ? known.accounting : ((message.accounting ?? null) as SourceAge | null),
  };
  freshness.set(cluster, now);
  for (const listener of freshnessListeners) listener();
  return now.stale !== known.stale || now.fallback?.since !== known.fallback?.since;
}

/** The source that is not read, if the message names one. */
export function fallbackOf(message: ChannelMessage): Fallback | null {
  const fallback = message.fallback as Partial<Fallback> | null | undefined;
  const { since, reason } = fallback ?? {};
  return typeof since === "string" && typeof reason === "string" ? { since, reason } : null;
}

function jobsOf(value: unknown): Job[] {
  return Array.isArray(value) ? (value as Job[]) : [];
}

function idsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((id): id is string => typeof id === "string") : [];
}
