// What a template said before.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, client } from "../../api/client";
import { versionsKey } from "../queries";

const VERSIONS_A_PAGE = 50;

/** The newest first; they stay when the template is gone. */
export const versionsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...versionsKey, id],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: VERSIONS_A_PAGE, ...(pageParam ? { cursor: Number(pageParam) } : {}) };
      const { data } = await client.GET("/api/v1/templates/{id}/versions", {
        params: { path: { id }, query },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** The text of a version never changes. */
export const versionQuery = (id: string, number: number) =>
  api.queryOptions(
    "get",
    "/api/v1/templates/{id}/versions/{number}",
    { params: { path: { id, number } } },
    { staleTime: Number.POSITIVE_INFINITY },
  );
