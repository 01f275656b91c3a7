// The image catalogue.
import { infiniteQueryOptions, keepPreviousData, type QueryClient } from "@tanstack/react-query";
import { api, client } from "../api/client";
import type { ImageFilter } from "./filter";

const PAGE_SIZE = 100;

/** The catalogue with its filters is kept under this key. */
const imageListsKey = ["images"] as const;

interface ListFilter extends ImageFilter {
  /** Those that its jobs can run in. */
  cluster?: string;
  /** Those on nodes of it. */
  partition?: string;
}

export const imageListQuery = (filter: ListFilter) =>
  infiniteQueryOptions({
    queryKey: [...imageListsKey, filter],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { whose, ...rest } = filter;
      const query = {
        ...rest,
        ...(whose && { own: whose === "own" }),
        limit: PAGE_SIZE,
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      const { data } = await client.GET("/api/v1/images", { params: { query }, signal });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
    placeholderData: keepPreviousData,
  });

export const driftQuery = api.queryOptions("get", "/api/v1/images/drift", {
  params: { query: { limit: PAGE_SIZE } },
});

/** How far a scan is: the live connection tells. */
export const scanQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/images/scans/{id}", { params: { path: { id } } });

export const imageQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/images/{id}", { params: { path: { id } } });

/** A scan has ended: whatever is shown of images may be other now. */
export function catalogueChanged(cache: QueryClient): void {
  const [method, oneOf] = imageQuery("").queryKey;
  for (const queryKey of [imageListsKey, driftQuery.queryKey, [method, oneOf]])
    void cache.invalidateQueries({ queryKey });
}
