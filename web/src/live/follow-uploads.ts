// Follows one's uploads, from this page and others, for as long as a part of the page shows them.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { UploadInfo } from "../api/types";
import { uploadsQuery } from "../uploads/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

export function useFollowUploads(): void {
  const cache = useQueryClient();
  useEffect(() => followUploads(live, cache), [cache]);
}

export function followUploads(connection: LiveConnection, cache: QueryClient): () => void {
  const { queryKey } = uploadsQuery;
  const show = (items: UploadInfo[]) => {
    // The answer to an older question would take back what is newer here.
    void cache.cancelQueries({ queryKey });
    cache.setQueryData(queryKey, (page) => ({ next_cursor: null, ...page, items }));
  };
  const onMessage = (message: ChannelMessage) => {
    const known = cache.getQueryData(queryKey)?.items;
    if (message.type === "snapshot") show(uploadsOf(message.items));
    // What comes before the list is in the list.
    else if (message.type === "delta" && known)
      show(merged(known, uploadsOf(message.upsert), message.remove));
  };
  return connection.subscribe("uploads", { onMessage });
}

/** In the order in which they stand; new ones before them. */
export function merged(before: UploadInfo[], upsert: UploadInfo[], remove: unknown): UploadInfo[] {
  const gone = new Set(Array.isArray(remove) ? remove : []);
  const changed = new Map(upsert.map((upload) => [upload.id, upload]));
  const there = new Set(before.map(({ id }) => id));
  const kept = before.filter(({ id }) => !gone.has(id)).map((upload) => changed.get(upload.id) ?? upload);
  return [...upsert.filter(({ id }) => !there.has(id)), ...kept];
}

function uploadsOf(value: unknown): UploadInfo[] {
  return Array.isArray(value) ? (value as UploadInfo[]) : [];
}
