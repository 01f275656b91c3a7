// A file of the queue: the item that the page shows, and what the queue knows of it besides.
import type { FileKind } from "../api/types";
import { kindByName } from "./kinds";
import type { Begun } from "./tus";
import type { Target, UploadItem } from "./upload-item";

export interface Entry {
  item: UploadItem;
  file: File;
  path: string;
  /** The directory in which it was begun, where nobody says another. */
  begunIn: Target | null;
  /** Its key in `byChoice`. */
  choice: string;
  /** Null until the server was asked what it has. */
  begun: Begun | null;
  /** Ends what is under way. */
  abort: AbortController | null;
  /** The kind that went with the upload's creation. */
  sentKind: FileKind | null;
  kindByUser: boolean;
  /** Sent though the same file is there. */
  isAgain: boolean;
  reached: number;
  measuredAt: number;
  measuredBytes: number;
}

/** @param path of the file beneath what was chosen: a name, or that of a folder and what is in it. */
export function newEntry(
  key: string,
  choice: string,
  file: File,
  path: string,
  target: Target | null,
): Entry {
  const slash = path.lastIndexOf("/");
  const name = path.slice(slash + 1);
  return {
    item: {
      key,
      name,
      folder: slash < 0 ? "" : path.slice(0, slash),
      target,
      size: file.size,
      state: "queued",
      kind: kindByName(name),
      offset: 0,
      resumedAt: 0,
      speed: 0,
      chunkSize: 0,
      parts: 1,
      uploadId: null,
      path: null,
      wasThere: false,
      fingerprint: null,
      problem: null,
    },
    file,
    path,
    begunIn: null,
    choice,
    begun: null,
    abort: null,
    sentKind: null,
    kindByUser: false,
    isAgain: false,
    reached: 0,
    measuredAt: 0,
    measuredBytes: 0,
  };
}
