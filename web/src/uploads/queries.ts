// What the server knows of uploads.
import { queryOptions } from "@tanstack/react-query";
import { api, client } from "../api/client";

const NEWEST = 200;

export const metaQuery = api.queryOptions("get", "/api/v1/meta", {}, { staleTime: Number.POSITIVE_INFINITY });

export const uploadsQuery = queryOptions({
  queryKey: ["uploads"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/uploads", { params: { query: { limit: NEWEST } }, signal });
    return data as NonNullable<typeof data>;
  },
});
