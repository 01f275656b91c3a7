// Where somebody is in a job's directory: in the page's address, relative to the directory.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../api/client";

export interface DirectorySearch {
  /** A directory beneath the job's own. */
  dir?: string;
  /** A name in it, which is looked at. */
  file?: string;
}

export function directoryFromSearch(search: Record<string, unknown>): DirectorySearch {
  return {
    ...(typeof search.dir === "string" && search.dir !== "" ? { dir: search.dir } : {}),
    ...(typeof search.file === "string" && search.file !== "" ? { file: search.file } : {}),
  };
}

export const directoryQuery = (cluster: string, job: string) =>
  queryOptions({
    queryKey: ["job-directory", cluster, job],
    queryFn: async ({ signal }) => {
      const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs/{job}/directory", {
        params: { path: { cluster, job } },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
  });
