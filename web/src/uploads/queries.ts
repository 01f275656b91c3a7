// What the server knows of uploads.
import { queryOptions } from "@tanstack/react-query";
import { api, client } from "../api/client";

const NEWEST = 200;
const MOST_OPEN = 500;

export const metaQuery = api.queryOptions("get", "/api/v1/meta", {}, { staleTime: Number.POSITIVE_INFINITY });

export const uploadsQuery = queryOptions({
  queryKey: ["uploads"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/uploads", { params: { query: { limit: NEWEST } }, signal });
    return data as NonNullable<typeof data>;
  },
});

/** Files that were begun and never finished, parts of them too; as many as are worth showing. */
export const openUploadsQuery = queryOptions({
  queryKey: ["uploads-open"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/uploads", {
      params: { query: { limit: MOST_OPEN, state: "uploading", parts: true } },
      signal,
    });
    return data as NonNullable<typeof data>;
  },
});
