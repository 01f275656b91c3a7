// Follows one's uploads, from this page and others, for as long as a part of the page shows them.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { UploadInfo } from "../api/types";
import { uploadsQuery } from "../uploads/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { live } from "./live";

/** What comes within this time is shown at once: of a folder each file is told by itself. */
const TOGETHER_MS = 200;

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
  let deltas: ChannelMessage[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const showDeltas = () => {
    timer = undefined;
    const known = cache.getQueryData(queryKey)?.items;
    // What comes before the list is in the list.
    if (known) show(deltas.reduce((all, delta) => merged(all, uploadsOf(delta.upsert), delta.remove), known));
    deltas = [];
  };
  const onMessage = (message: ChannelMessage) => {
    if (message.type === "snapshot") {
      deltas = [];
      show(uploadsOf(message.items));
    } else if (message.type === "delta") {
      deltas.push(message);
      timer ??= setTimeout(showDeltas, TOGETHER_MS);
    }
  };
  const leave = connection.subscribe("uploads", { onMessage });
  return () => {
    clearTimeout(timer);
    leave();
  };
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
