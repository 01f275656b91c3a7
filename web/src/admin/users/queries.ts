// Accounts, their sessions and their keys, as administrators see them. To look at another's sessions or keys is recorded
// in the audit: it is not done again merely because the window comes to the front.
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, client } from "../../api/client";
import { queryOfUsers, type UserFilter } from "./filter";

const PAGE_SIZE = 100;
const ONCE = { refetchOnWindowFocus: false, refetchOnReconnect: false } as const;

/** Every list of accounts is kept under this key. */
export const userListsKey = ["users"] as const;

export const usersQuery = (filter: UserFilter) =>
  infiniteQueryOptions({
    queryKey: [...userListsKey, filter],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await client.GET("/api/v1/users", {
        params: {
          query: {
            ...queryOfUsers(filter),
            limit: PAGE_SIZE,
            count: true,
            ...(pageParam ? { cursor: pageParam } : {}),
          },
        },
        signal,
      });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

export const userQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/users/{id}", { params: { path: { id } } });

export const userSessionsQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/users/{id}/sessions", { params: { path: { id } } }, ONCE);

export const userKeysQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/users/{id}/api-keys", { params: { path: { id } } }, ONCE);
