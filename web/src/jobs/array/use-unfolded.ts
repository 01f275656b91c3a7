// Arrays that are open in the list: their parts stand beneath them as rows of the same list.
import { useQueries } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { client } from "../../api/client";
import type { Job } from "../../api/types";
import { type JobFilter, partOf, queryOf } from "../filter";
import { type JobPages, jobListsKey } from "../queries";

/** As many as the server gives at a time; the rest is on the array's page. */
const PARTS = 500;

export interface Unfolded {
  rows: Job[] | undefined;
  isOpen(job: Job): boolean;
  toggle(job: Job): void;
}

export function useUnfolded(cluster: string, jobs: Job[] | undefined): Unfolded {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = useCallback((job: Job) => {
    setOpen((before) => {
      const next = new Set(before);
      if (!next.delete(job.id)) next.add(job.id);
      return next;
    });
  }, []);
  const wholes = useMemo(() => jobs?.filter((job) => open.has(job.id)) ?? [], [jobs, open]);
  const parts = useQueries({
    queries: wholes.map((whole) => partsQuery(cluster, whole)),
    combine: (results) => results.map(({ data }) => data),
  });
  const rows = useMemo(() => {
    if (!jobs || wholes.length === 0) return jobs;
    const beneath = new Map(wholes.map((whole, at) => [whole.id, partsOf(parts[at])]));
    return jobs.flatMap((job) => [job, ...(beneath.get(job.id) ?? [])]);
  }, [jobs, wholes, parts]);
  return useMemo(() => ({ rows, isOpen: (job: Job) => open.has(job.id), toggle }), [rows, open, toggle]);
}

/** Kept like the other lists, so that the live connection changes it. */
function partsQuery(cluster: string, whole: Job) {
  const filter: JobFilter = { array: { id: whole.id, number: whole.job_id ?? "" } };
  return {
    queryKey: [...jobListsKey(cluster), filter],
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<JobPages> => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs", {
        params: { path: { cluster }, query: { ...queryOf(filter), limit: PARTS } },
        signal,
      });
      return { pages: [data as NonNullable<typeof data>], pageParams: [null] };
    },
  };
}

function partsOf(pages: JobPages | undefined): Job[] {
  const jobs = pages?.pages.flatMap((page) => page.items) ?? [];
  return jobs.toSorted((a, b) => (partOf(a.job_id)?.part ?? 0) - (partOf(b.job_id)?.part ?? 0));
}
