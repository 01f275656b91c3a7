// What is asked of the server about a job's steps and dependencies.
import { keepPreviousData, type QueryKey, queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { JobDetail } from "../../api/types";

/** Asked for again when the queue moves. */
export const relatedKey = (cluster: string): QueryKey => ["related", cluster];

/** A new state may have come with new steps. */
export const stepsQuery = (cluster: string, job: JobDetail) =>
  queryOptions({
    queryKey: ["steps", cluster, job.id, job.state],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/steps", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    placeholderData: keepPreviousData,
  });

export const dependenciesQuery = (cluster: string, job: JobDetail) =>
  queryOptions({
    queryKey: [...relatedKey(cluster), "dependencies", job.id],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/dependencies", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
  });
