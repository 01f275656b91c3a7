// A file on its way, as the page shows it, and what several come to.
import type { Problem } from "../api/problem";
import type { FileKind } from "../api/types";

/** `interrupted`: cut, and being tried again by itself. */
export type UploadState = "queued" | "uploading" | "interrupted" | "paused" | "finished" | "failed";

/** Where files go. */
export interface Target {
  space: string;
  /** Beneath the space, as the API writes paths. */
  directory: string;
}

/** A file that was chosen, and where it lies beneath what was chosen: its name, or `folder/below/name`. */
export interface Chosen {
  file: File;
  path: string;
}

export interface UploadItem {
  readonly key: string;
  readonly name: string;
  /** The folders that it came in, as they were chosen; empty for a file chosen by itself. */
  readonly folder: string;
  /** Where it goes; null is where the site puts uploads. */
  readonly target: Target | null;
  readonly size: number;
  readonly state: UploadState;
  readonly kind: FileKind;
  /** Bytes that the server has or that are on their way. */
  readonly offset: number;
  /** Where it was taken up again; 0 for one that was not cut. */
  readonly resumedAt: number;
  /** Bytes a second, smoothed; 0 until it is known. */
  readonly speed: number;
  readonly chunkSize: number;
  /** So many parts of it are sent side by side. */
  readonly parts: number;
  /** The server's id, once it is created there. */
  readonly uploadId: string | null;
  /** Where the finished file lies. */
  readonly path: string | null;
  /** It came with an earlier upload of the same folder, and was not sent again. */
  readonly wasThere: boolean;
  /** By what the server knows it again; null until the file was looked at. */
  readonly fingerprint: string | null;
  /** Why it failed, or why it waits. */
  readonly problem: Problem | null;
}

/** What all that goes on come to, smoothed. */
export interface Pace {
  /** Bytes a second. */
  speed: number;
  filesPerSecond: number;
}

/** Requests with bytes at once. A browser opens six connections to a server, and the page needs some of them. */
export const STREAMS = 4;
const MIB = 1024 * 1024;

export interface Progress {
  size: number;
  offset: number;
  /** Bytes a second. */
  speed: number;
  /** Seconds; `null` while nothing is known. */
  left: number | null;
}

/** Of one upload or of several; those that failed or were paused are not waited for. */
export function progressOf(items: readonly UploadItem[], pace?: Pace): Progress {
  let size = 0;
  let offset = 0;
  let speed = 0;
  let bytesLeft = 0;
  let filesLeft = 0;
  for (const item of items) {
    size += item.size;
    offset += item.offset;
    speed += item.speed;
    if (!isUnderWay(item.state)) continue;
    bytesLeft += item.size - item.offset;
    filesLeft += 1;
  }
  if (pace) speed = pace.speed;
  const byBytes = speed > 0 ? bytesLeft / speed : null;
  // Many small files take a request each, however few their bytes.
  const byFiles = pace && pace.filesPerSecond > 0 ? filesLeft / pace.filesPerSecond : null;
  const isManySmall = byFiles !== null && filesLeft > STREAMS && bytesLeft / filesLeft < MIB;
  return { size, offset, speed, left: isManySmall ? Math.max(byBytes ?? 0, byFiles) : byBytes };
}

export function isGoingOn(state: UploadState): boolean {
  return state === "uploading" || state === "interrupted";
}

/** It will be sent without anybody's doing. */
export function isUnderWay(state: UploadState): boolean {
  return isGoingOn(state) || state === "queued";
}
