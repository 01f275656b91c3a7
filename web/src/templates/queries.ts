// The template library.
import { infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { api, client } from "../api/client";

export const templatesQuery = api.queryOptions("get", "/api/v1/templates", {
  params: { query: { limit: 500 } },
});

export const templateQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/templates/{id}", { params: { path: { id } } });

/** The files that cannot be used, of those that one may know of. */
export const templateFaultsQuery = api.queryOptions("get", "/api/v1/templates/scan", {});

const VERSIONS_A_PAGE = 50;

const versionsKey = ["template-versions"] as const;

/** What a template said before, the newest first; it stays when the template is gone. */
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

/** All of it is asked for anew: a list is one answer, and few of the templates are on the page. */
export function libraryChanged(cache: QueryClient): void {
  const paths = ["/api/v1/templates", "/api/v1/templates/{id}", "/api/v1/templates/scan"];
  for (const path of paths) void cache.invalidateQueries({ queryKey: ["get", path] });
  void cache.invalidateQueries({ queryKey: versionsKey });
}
