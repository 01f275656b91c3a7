// Follows a cluster's reservations for as long as a part of the page shows them.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { ReservationPage } from "../api/types";
import { reservationsQuery } from "../reservations/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

export function useFollowReservations(cluster: string): void {
  const cache = useQueryClient();
  useEffect(() => followReservations(live, cache, cluster), [cache, cluster]);
}

/** Each message has all of them. */
export function followReservations(
  connection: LiveConnection,
  cache: QueryClient,
  cluster: string,
): () => void {
  const key = reservationsQuery(cluster).queryKey;
  const onMessage = (message: ChannelMessage) => {
    if (message.type !== "snapshot" || !Array.isArray(message.items)) return;
    void cache.cancelQueries({ queryKey: key });
    cache.setQueryData<ReservationPage>(key, {
      items: message.items as ReservationPage["items"],
      next_cursor: null,
      as_of: typeof message.as_of === "string" ? message.as_of : null,
      stale: message.stale === true,
      stale_reason: typeof message.stale_reason === "string" ? message.stale_reason : null,
      fallback: null,
    });
  };
  return connection.subscribe(`reservations:${cluster}`, { onMessage });
}
