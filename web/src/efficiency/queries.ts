// What is asked of the server about used and wasted resources, and accounts' shares.
import { queryOptions } from "@tanstack/react-query";
import { api, client } from "../api/client";
import type { JobDetail } from "../api/types";

/** Asked for anew when the job stands otherwise. */
export const efficiencyQuery = (cluster: string, job: JobDetail) =>
  queryOptions({
    queryKey: ["efficiency", cluster, job.id, job.state, job.ended_at],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/efficiency", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
  });

export const adviceQuery = (cluster: string, template: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/efficiency/advice", {
    params: { path: { cluster }, query: { template } },
  });

export const wasteQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/efficiency", { params: { path: { cluster } } });

/** For operators. */
export const wasteOfAllQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/efficiency/users", { params: { path: { cluster } } });

/** An operator's own accounts come with everybody's: of many she finds hers by the first page of her own. */
export const sharesQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/shares", {
    params: { path: { cluster }, query: { limit: 500 } },
  });
