// What users offered to everybody.
import { infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { OfferedTemplate, TemplateShare } from "../../api/types";
import { sharesKey } from "../../live/follow-notifications";

const SHARES_A_PAGE = 50;

export type ShareState = TemplateShare["state"];
export const SHARE_STATES: readonly ShareState[] = ["open", "accepted", "refused", "taken-back"];

/** The newest first: administrators are told everybody's, others their own. */
export const sharesQuery = (state: ShareState | null) =>
  infiniteQueryOptions({
    queryKey: [...sharesKey, "list", { state }],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const query = {
        limit: SHARES_A_PAGE,
        ...(state ? { state } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      };
      const { data } = await client.GET("/api/v1/template-shares", { params: { query }, signal });
      return data as NonNullable<typeof data>;
    },
    getNextPageParam: (page) => page.next_cursor ?? null,
  });

/** How many wait to be decided. */
export const openSharesQuery = {
  queryKey: [...sharesKey, "open"],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { state: "open", count: true, limit: 1 } as const;
    const { data } = await client.GET("/api/v1/template-shares", { params: { query }, signal });
    return data?.total ?? 0;
  },
};

/** What became of a template of one's own that one shared last; null: one never did. */
export const lastShareQuery = (own: string) => ({
  queryKey: [...sharesKey, "last", own],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const query = { mine: true, own_template: own, limit: 1 };
    const { data } = await client.GET("/api/v1/template-shares", { params: { query }, signal });
    return data?.items[0] ?? null;
  },
});

/** As it is decided on: with its text, and what it would replace. */
export const shareQuery = (id: string) => ({
  queryKey: [...sharesKey, "one", id],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const { data } = await client.GET("/api/v1/template-shares/{id}", { params: { path: { id } }, signal });
    return data as OfferedTemplate;
  },
});

export function sharesChanged(cache: QueryClient): void {
  void cache.invalidateQueries({ queryKey: sharesKey });
}
