// Directories, a page at a time.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client } from "../api/client";

const PAGE_SIZE = 500;

export const filesQuery = (space: string, path: string) =>
  infiniteQueryOptions({
    queryKey: ["files", space, path],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/files/{space}", {
        params: {
          path: { space },
          query: { path, limit: PAGE_SIZE, ...(pageParam ? { cursor: pageParam } : {}) },
        },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** Where the person's files are. */
export const spacesQuery = queryOptions({
  queryKey: ["spaces"] as const,
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/spaces", { signal });
    return data as NonNullable<typeof data>;
  },
});

/** What was deleted from a space, a page at a time. */
export const trashQuery = (space: string) =>
  infiniteQueryOptions({
    queryKey: ["files", space, { trash: true }],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/files/{space}/trash", {
        params: {
          path: { space },
          query: { limit: PAGE_SIZE, ...(pageParam ? { cursor: pageParam } : {}) },
        },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });
