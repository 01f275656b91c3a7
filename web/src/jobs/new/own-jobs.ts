// The person's own newest jobs: what she used last, and what a new job may wait for.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { Job } from "../../api/types";
import { type JobFilter, queryOf } from "../filter";
import { type JobPages, jobListsKey } from "../queries";

const NEWEST = 50;

/** What a new job begins with where neither the form nor the template says it. */
export interface LastUsed {
  account?: string;
  partition?: string;
}

/** Kept like the lists of jobs, so that the live connection keeps the states true. */
const ownJobsQuery = (cluster: string) => {
  // As no list's address has it: the default order is left out there.
  const filter: JobFilter = { mine: true, sort: "-submitted_at" };
  return queryOptions({
    queryKey: [...jobListsKey(cluster), filter, "newest"],
    queryFn: async ({ signal }): Promise<JobPages> => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs", {
        params: { path: { cluster }, query: { ...queryOf(filter), limit: NEWEST } },
        signal,
      });
      return { pages: [data as NonNullable<typeof data>], pageParams: [null] };
    },
  });
};

export function useOwnJobs(cluster: string): Job[] {
  const { data } = useQuery(ownJobsQuery(cluster));
  return data?.pages.flatMap((page) => page.items) ?? [];
}

export function lastUsedOf(
  jobs: readonly Job[],
  accounts: readonly string[],
  partitions: readonly string[],
): LastUsed {
  const submitted = jobs.filter((job) => job.job_id !== null);
  const account = submitted.find((job) => job.account && accounts.includes(job.account))?.account;
  const partition = submitted.find((job) => job.partition && partitions.includes(job.partition))?.partition;
  return { ...(account ? { account } : {}), ...(partition ? { partition } : {}) };
}
