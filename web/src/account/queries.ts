// One's own sessions, keys and notices.
import { queryOptions } from "@tanstack/react-query";
import { api, client } from "../api/client";

export const sessionsQuery = queryOptions({
  queryKey: ["sessions"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/auth/sessions", { signal });
    return data as NonNullable<typeof data>;
  },
});

export const keysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: async ({ signal }) => {
    const { data } = await client.GET("/api/v1/api-keys", { signal });
    return data as NonNullable<typeof data>;
  },
});

const NEWEST = 100;

/** Of what I was told, what concerns my sessions. */
export const notificationsQuery = api.queryOptions("get", "/api/v1/notifications", {
  params: { query: { limit: NEWEST, code: "session-token-reused" } },
});
