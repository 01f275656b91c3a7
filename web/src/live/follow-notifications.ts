// Follows what the person is told: how much of it is unread, and the lists that show it.
import {
  type InfiniteData,
  type QueryClient,
  skipToken,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect } from "react";
import { notificationsQuery } from "../account/queries";
import type { Notification, NotificationPage } from "../api/types";
import { listsKey } from "../notifications/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

/** What users offer to everybody is kept under this key: a notification tells that it stands otherwise. */
export const sharesKey = ["template-shares"] as const;
const UNREAD_KEY = ["notifications", "unread"] as const;

/** Call it once, in the frame. */
export function useFollowNotifications(): void {
  const cache = useQueryClient();
  useEffect(() => followNotifications(live, cache), [cache]);
}

/** 0 until it is known. */
export function useUnread(): number {
  const { data } = useQuery<number>({ queryKey: UNREAD_KEY, queryFn: skipToken });
  return data ?? 0;
}

export function followNotifications(connection: LiveConnection, cache: QueryClient): () => void {
  let seen = false;

  const onMessage = (message: ChannelMessage) => {
    if (message.type !== "snapshot" && message.type !== "delta") return;
    if (typeof message.unread === "number") cache.setQueryData<number>(UNREAD_KEY, message.unread);
    const items = notificationsOf(message.type === "snapshot" ? message.items : message.upsert);
    putIntoLists(cache, items);
    if (message.type === "delta") {
      if (items.some(({ code }) => code.startsWith("session-")))
        void cache.invalidateQueries({ queryKey: notificationsQuery.queryKey });
      if (items.some(({ code }) => code.startsWith("template-share")))
        void cache.invalidateQueries({ queryKey: sharesKey });
      return;
    }
    // A second snapshot: all was read, or more happened than was told.
    if (seen) void cache.invalidateQueries({ queryKey: listsKey });
    seen = true;
  };

  return connection.subscribe("notifications", { onMessage });
}

type List = InfiniteData<NotificationPage, string | null>;

/** Those that stand in a list stand there as they are now; new ones come before them. */
function putIntoLists(cache: QueryClient, items: Notification[]): void {
  const byId = new Map(items.map((item) => [item.id, item]));
  for (const { queryKey } of cache.getQueryCache().findAll({ queryKey: listsKey })) {
    cache.setQueryData<List>(queryKey, (list) => {
      const [first, ...others] = list?.pages ?? [];
      if (!list || !first) return list;
      const newest = first.items[0]?.created_at ?? "";
      const there = new Set(list.pages.flatMap((page) => page.items.map(({ id }) => id)));
      const fresh = items.filter(
        ({ id, created_at, read_at }) =>
          !there.has(id) && created_at >= newest && !(read_at && isOfUnread(queryKey)),
      );
      const renewed = (page: NotificationPage) => ({
        ...page,
        items: page.items.map((item) => byId.get(item.id) ?? item),
      });
      const head = renewed(first);
      fresh.sort((one, other) => other.created_at.localeCompare(one.created_at));
      return {
        ...list,
        pages: [{ ...head, items: [...fresh, ...head.items] }, ...others.map(renewed)],
      };
    });
  }
}

function isOfUnread(queryKey: readonly unknown[]): boolean {
  const filter = queryKey[2];
  return typeof filter === "object" && filter !== null && "unread" in filter && filter.unread === true;
}

function notificationsOf(value: unknown): Notification[] {
  return Array.isArray(value) ? (value as Notification[]) : [];
}
