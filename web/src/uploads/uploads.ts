// The page's one upload queue, bound to the session and to the cache.
import { useMemo, useSyncExternalStore } from "react";
import { client } from "../api/client";
import { queryClient } from "../api/query-client";
import { session } from "../auth/session";
import { metaQuery, uploadsQuery } from "./queries";
import { type UploadItem, UploadQueue } from "./upload-queue";

const DEFAULT_CHUNK_SIZE = 8 * 1024 * 1024;

export const uploadQueue = new UploadQueue({
  endpoint: "/api/v1/uploads",
  token: () => session.token(),
  onRefused: (token) => session.refused(token),
  chunkSize: () =>
    queryClient.fetchQuery(metaQuery).then(
      (meta) => meta.upload.chunk_size,
      () => DEFAULT_CHUNK_SIZE,
    ),
  user: () => (session.state.status === "signed-in" ? session.state.user.username : ""),
  createUpload: async (file, options) => new (await import("tus-js-client")).Upload(file, options),
  setKind: (id, kind) =>
    client
      .PATCH("/api/v1/uploads/{id}/info", { params: { path: { id } }, body: { kind } })
      .then(({ data }) => data as NonNullable<typeof data>),
  info: (id) =>
    client
      .GET("/api/v1/uploads/{id}/info", { params: { path: { id } } })
      .then(({ data }) => data as NonNullable<typeof data>),
  onSettled: () => void queryClient.invalidateQueries({ queryKey: uploadsQuery.queryKey }),
});

window.addEventListener("online", () => uploadQueue.networkIsBack());
/** Whose uploads are in the queue. */
let owner = session.state.status === "signed-in" ? session.state.user.id : null;
session.onLeave((why) => {
  // A session that ended by itself may go on after a new sign-in, and the uploads with it.
  if (why === "ended") uploadQueue.pauseAll();
  else uploadQueue.clear();
});
session.subscribe(() => {
  const { state } = session;
  if (state.status !== "signed-in" || state.user.id === owner) return;
  uploadQueue.clear();
  owner = state.user.id;
});

/** The queue's items: all of them, or those with these keys. */
export function useUploadItems(keys?: readonly string[]): readonly UploadItem[] {
  const items = useSyncExternalStore(uploadQueue.subscribe, () => uploadQueue.items);
  return useMemo(() => (keys ? items.filter((item) => keys.includes(item.key)) : items), [items, keys]);
}
