// Asks for the use over time again when the cluster was read in a new minute, for as long as a part of the page shows
// it: there is a new point then.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { overTimeKey } from "../use/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

/** The server takes a minute's sample at its first reading in it. */
const MINUTE_MS = 60_000;

export function useFollowUse(cluster: string): void {
  const cache = useQueryClient();
  useEffect(() => followUse(live, cache, cluster), [cache, cluster]);
}

export function followUse(connection: LiveConnection, cache: QueryClient, cluster: string): () => void {
  let minute: number | null = null;
  const onMessage = (message: ChannelMessage) => {
    if (typeof message.as_of !== "string" || message.stale === true) return;
    const read = Math.floor(Date.parse(message.as_of) / MINUTE_MS);
    // The page has just asked when it hears the first.
    if (minute !== null && read > minute) void cache.invalidateQueries({ queryKey: overTimeKey(cluster) });
    minute = Math.max(minute ?? 0, read);
  };
  return connection.subscribe(`nodes:${cluster}`, { onMessage });
}
