import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import type { NotificationPage } from "../api/types";
import { notificationsList } from "../notifications/queries";
import { notification } from "../test/notifications";
import { type ChannelMessage, LiveConnection, type Subscription } from "./connection";
import { followNotifications } from "./follow-notifications";

class Heard extends LiveConnection {
  private listener: Subscription | null = null;

  override subscribe(_: string, subscription: Subscription): () => void {
    this.listener = subscription;
    return () => undefined;
  }

  says(message: Omit<ChannelMessage, "channel">) {
    this.listener?.onMessage({ channel: "notifications", ...message } as ChannelMessage);
  }
}

let cache: QueryClient;
let connection: Heard;
const READ = "2026-11-24T03:00:00Z";

/** What a list shows: ids, with a mark at those that are unread. */
function shown(unread: boolean): string[] | undefined {
  const list = cache.getQueryData<InfiniteData<NotificationPage>>(notificationsList(unread).queryKey);
  return list?.pages.flatMap((page) => page.items.map(({ id, read_at }) => (read_at ? id : `${id}!`)));
}

function hasLoaded(unread: boolean, ...pages: string[][]) {
  const page = (ids: string[]): NotificationPage => ({
    items: ids.map((id) => notification(id)),
    next_cursor: null,
  });
  cache.setQueryData<InfiniteData<NotificationPage, string | null>>(notificationsList(unread).queryKey, {
    pages: pages.map(page),
    pageParams: pages.map(() => null),
  });
}

const unreadCount = () => cache.getQueryData<number>(["notifications", "unread"]);

beforeEach(() => {
  cache = new QueryClient();
  connection = new Heard({ url: "", token: async () => "", onRefused: () => undefined });
  followNotifications(connection, cache);
});

describe("what the live connection says of notifications", () => {
  it("counts what is unread, also before there is a list", () => {
    connection.says({ type: "snapshot", items: [notification("1")], unread: 7 });
    expect(unreadCount()).toBe(7);
    expect(shown(false)).toBeUndefined();
  });

  it("puts what is new before the rest, and each where it stood as it is now", () => {
    hasLoaded(false, ["4", "3"], ["2"]);
    connection.says({ type: "delta", upsert: [notification("5"), notification("6")], unread: 5 });
    connection.says({ type: "delta", upsert: [notification("2", { read_at: READ })], unread: 4 });
    expect(shown(false)).toEqual(["6!", "5!", "4!", "3!", "2"]);
    expect(unreadCount()).toBe(4);
  });

  it("adds nothing that is older than the list, nor what is read to the unread", () => {
    hasLoaded(false, ["4", "3"]);
    hasLoaded(true, ["4"]);
    connection.says({
      type: "snapshot",
      items: [notification("5", { read_at: READ }), notification("4"), notification("1")],
      unread: 2,
    });
    expect(shown(false)).toEqual(["5", "4!", "3!"]);
    expect(shown(true)).toEqual(["4!"]);
  });

  it("keeps in the unread what was read there, until the list is asked for anew", () => {
    hasLoaded(true, ["4", "3"]);
    connection.says({ type: "snapshot", items: [], unread: 2 });
    connection.says({ type: "delta", upsert: [notification("4", { read_at: READ })], unread: 1 });
    expect(shown(true)).toEqual(["4", "3!"]);
    connection.says({ type: "snapshot", items: [], unread: 0 });
    expect(cache.getQueryState(notificationsList(true).queryKey)?.isInvalidated).toBe(true);
  });
});
