// What is asked of the server about jobs, and where the answers are kept.
import { type InfiniteData, infiniteQueryOptions, type QueryKey, queryOptions } from "@tanstack/react-query";
import { api, client } from "../api/client";
import type { Job, JobDetail } from "../api/types";
import { type JobFilter, queryOf } from "./filter";
import { groupOf } from "./states";

export interface JobPage {
  items: Job[];
  next_cursor?: string | null;
  total?: number | null;
}

export type JobPages = InfiniteData<JobPage, string | null>;

const PAGE_SIZE = 200;

/** Every list of a cluster's jobs is kept under `["jobs", cluster, filter]`. */
export const jobListsKey = (cluster: string): QueryKey => ["jobs", cluster];

export const jobListQuery = (cluster: string, filter: JobFilter, limit = PAGE_SIZE) =>
  infiniteQueryOptions({
    queryKey: [...jobListsKey(cluster), filter],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs", {
        params: {
          path: { cluster },
          query: { ...queryOf(filter), limit, count: true, ...(pageParam ? { cursor: pageParam } : {}) },
        },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const jobQuery = (cluster: string, job: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/jobs/{job}", { params: { path: { cluster, job } } });

/** Every single job that is kept, of any cluster. */
export const jobsKey: QueryKey = jobQuery("", "").queryKey.slice(0, 2);

/** What waits is asked for again when the queue moves. */
export const whyWaitingKey = (cluster: string): QueryKey => ["why", cluster, "waiting"];

/** Asked for anew when the job stands otherwise. */
export const whyQuery = (cluster: string, job: JobDetail) =>
  queryOptions({
    queryKey: [
      ...(groupOf(job.state) === "waiting" ? whyWaitingKey(cluster) : ["why", cluster, "over"]),
      job.id,
      job.state,
      job.reason,
    ],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/why", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
  });
