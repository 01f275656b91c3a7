// The page's one upload queue, bound to the session and to the cache.
import { useMemo, useSyncExternalStore } from "react";
import { client } from "../api/client";
import { Problem } from "../api/problem";
import { queryClient } from "../api/query-client";
import { session } from "../auth/session";
import { metaQuery, openUploadsQuery, uploadsQuery } from "./queries";
import { type SendAnswer, type SendRequest, send } from "./send";
import type { Pace, UploadItem } from "./upload-item";
import { UploadQueue } from "./upload-queue";

export const uploadQueue = new UploadQueue({
  send: sendAsSignedIn,
  find: (fingerprints) =>
    client
      .POST("/api/v1/uploads/find", { body: { fingerprints } })
      .then(({ data }) => (data as NonNullable<typeof data>).items),
  site: () =>
    queryClient.fetchQuery(metaQuery).then(({ upload }) => ({
      chunkSize: upload.chunk_size,
      target: { space: "home", directory: upload.directory },
    })),
  setKind: (id, kind) =>
    client
      .PATCH("/api/v1/uploads/{id}/info", { params: { path: { id } }, body: { kind } })
      .then(({ data }) => data as NonNullable<typeof data>),
  onSettled: () => {
    void queryClient.invalidateQueries({ queryKey: uploadsQuery.queryKey });
    void queryClient.invalidateQueries({ queryKey: openUploadsQuery.queryKey });
    // Finished files lie in directories that may be looked at. Long ones are not read over and over while more come.
    void queryClient.invalidateQueries({ queryKey: ["files"] }, { cancelRefetch: !uploadQueue.isBusy });
  },
  isOffline: () => !navigator.onLine,
});

/** Asks once more with a fresh token when the server refuses the first. */
async function sendAsSignedIn(request: SendRequest): Promise<SendAnswer> {
  const token = await session.token();
  request.signal.throwIfAborted();
  try {
    return await send(request, token);
  } catch (error) {
    if (!(error instanceof Problem && error.status === 401)) throw error;
    session.refused(token);
    return send(request, await session.token());
  }
}

window.addEventListener("online", () => uploadQueue.networkIsBack());
window.addEventListener("beforeunload", (event) => {
  if (uploadQueue.isBusy) event.preventDefault();
});
/** Whose uploads are in the queue. */
let owner = session.state.status === "signed-in" ? session.state.user.id : null;
session.onLeave((why) => {
  // A session that ended by itself may go on after a new sign-in, and the uploads with it.
  if (why === "ended") uploadQueue.hold();
  else uploadQueue.clear();
});
session.subscribe(() => {
  const { state } = session;
  if (state.status !== "signed-in") return;
  if (state.user.id !== owner) uploadQueue.clear();
  owner = state.user.id;
  uploadQueue.release();
});

/** All of the queue's items, or those that are wanted; the same list as long as these are the same. */
export function useUploadItems(isWanted?: (item: UploadItem) => boolean): readonly UploadItem[] {
  const snapshot = useMemo(() => {
    if (!isWanted) return () => uploadQueue.items;
    let from: readonly UploadItem[] | null = null;
    let wanted: readonly UploadItem[] = [];
    return () => {
      if (from === uploadQueue.items) return wanted;
      from = uploadQueue.items;
      const now = from.filter(isWanted);
      if (now.length !== wanted.length || now.some((item, index) => item !== wanted[index])) wanted = now;
      return wanted;
    };
  }, [isWanted]);
  return useSyncExternalStore(uploadQueue.subscribe, snapshot);
}

export function useUploadPace(): Pace {
  return useSyncExternalStore(uploadQueue.subscribe, () => uploadQueue.pace);
}

/** Whether the uploads wait for somebody to sign in. */
export function useUploadsHeld(): boolean {
  return useSyncExternalStore(uploadQueue.subscribe, () => uploadQueue.held);
}
