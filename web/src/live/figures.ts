// What is counted over all of a cluster's jobs and nodes: asked for again after a change, but no oftener than this.
import type { QueryClient } from "@tanstack/react-query";
import { whyWaitingKey } from "../jobs/queries";
import { relatedKey } from "../jobs/related/queries";
import { partitionsQuery } from "../nodes/queries";
import { overviewQuery, troubleQuery } from "../overview/queries";

export const FIGURES_EVERY_MS = 2000;

const due = new Map<string, ReturnType<typeof setTimeout>>();

/** Several parts of a page may say so at the same time: they are asked for once. */
export function refreshFigures(cache: QueryClient, cluster: string): void {
  if (due.has(cluster)) return;
  const ask = () => {
    due.delete(cluster);
    for (const { queryKey } of [overviewQuery(cluster), partitionsQuery(cluster), troubleQuery(cluster)])
      void cache.invalidateQueries({ queryKey });
    for (const queryKey of [whyWaitingKey(cluster), relatedKey(cluster)])
      void cache.invalidateQueries({ queryKey });
  };
  due.set(cluster, setTimeout(ask, FIGURES_EVERY_MS));
}
