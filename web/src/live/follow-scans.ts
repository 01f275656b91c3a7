// Follows the scans for images for as long as a part of the page shows them, and the catalogue that they change.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { ImageScan } from "../api/types";
import { catalogueChanged, scanQuery } from "../images/queries";
import { isGoingOn } from "../images/scan-state";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

export function useFollowScans(): void {
  const cache = useQueryClient();
  useEffect(() => followScans(live, cache), [cache]);
}

export function followScans(connection: LiveConnection, cache: QueryClient): () => void {
  const show = (scan: ImageScan) => {
    const { queryKey } = scanQuery(scan.id);
    // The answer to an older question would take back what is newer here.
    void cache.cancelQueries({ queryKey });
    cache.setQueryData(queryKey, scan);
  };
  const onMessage = (message: ChannelMessage) => {
    const said = message.type === "snapshot" ? message.items : message.upsert;
    const scans = Array.isArray(said) ? (said as ImageScan[]) : [];
    scans.forEach(show);
    // One that was over before we came is in the catalogue already.
    if (message.type === "delta" && scans.some(({ state }) => !isGoingOn(state))) catalogueChanged(cache);
  };
  return connection.subscribe("scans", { onMessage });
}
