// What is asked of the server about sweeps.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { JobDetail, SweepRow } from "../../api/types";
import { isFinal } from "../states";

/** Asked for anew when the sweep is over: of its tasks the page hears as of any jobs. */
export const sweepQuery = (cluster: string, job: JobDetail) =>
  queryOptions({
    queryKey: ["sweep", cluster, job.id, isFinal(job.state)],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/sweep", {
        params: { path: { cluster, job: job.id } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (before) => before,
  });

/** A line of what each task wrote. */
export interface WantedLine {
  /** Undefined: the output. */
  file?: string;
  line: "first" | "last";
}

/** The server answers a hundred at a time. */
const AT_ONCE = 100;

/** `ended`: how many tasks are over; more of them have more to show. */
export const valuesQuery = (
  cluster: string,
  job: string,
  wanted: WantedLine | null,
  rows: readonly SweepRow[],
  ended: number,
) =>
  queryOptions({
    queryKey: ["sweep-values", cluster, job, wanted, rows.length, ended],
    queryFn: async ({ signal }) => {
      const values = new Map<number, string>();
      for (let from = 1; from <= rows.length; from += AT_ONCE) {
        const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/sweep/values", {
          params: { path: { cluster, job }, query: { ...wanted, from } },
          signal,
        });
        for (const { number, text } of data?.items ?? []) {
          if (typeof text === "string") values.set(number, text);
        }
      }
      return values;
    },
    enabled: wanted !== null && rows.length > 0,
    placeholderData: (before) => before,
    retry: false,
  });

export async function exportSweep(cluster: string, job: string): Promise<Blob> {
  const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/sweep/export", {
    params: { path: { cluster, job } },
    parseAs: "blob",
  });
  return data as unknown as Blob;
}

/** A new sweep of these rows alone. */
export async function runAgain(cluster: string, job: string, rows: readonly SweepRow[], key: string) {
  const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs/{job}/resubmit", {
    params: { path: { cluster, job }, header: { "Idempotency-Key": key } },
    body: { sweep: { rows: rows.map(({ values }) => values) } },
  });
  return data as NonNullable<typeof data>;
}
