// What the person was told, and what she wants to be told.
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client } from "../api/client";

const PAGE_SIZE = 50;

export const listsKey = ["notifications", "list"] as const;

export const notificationsList = (unread: boolean) =>
  infiniteQueryOptions({
    queryKey: [...listsKey, { unread }] as const,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/notifications", {
        params: {
          query: { limit: PAGE_SIZE, ...(unread && { unread }), ...(pageParam && { cursor: pageParam }) },
        },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
    // The live channel tells what is new.
    staleTime: Number.POSITIVE_INFINITY,
  });

export const settingsQuery = queryOptions({
  queryKey: ["notifications", "settings"] as const,
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/notifications/settings", { signal });
    return data as NonNullable<typeof data>;
  },
});

export function markRead(id: string): Promise<unknown> {
  return client.POST("/api/v1/notifications/{id}/read", { params: { path: { id } } });
}

export function markAllRead(): Promise<unknown> {
  return client.POST("/api/v1/notifications/read-all");
}
