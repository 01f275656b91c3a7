// A file's bytes, a part at a time; and the whole of it saved by the browser itself.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../api/client";
import { authorizedFetch } from "../api/http";
import { problemOf } from "../api/problem";

export interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  /** Where in the file the bytes stand. */
  from: number;
  /** Of the whole file. */
  size: number;
}

/** So much of a file is read to show it. */
export const PART_BYTES = 256 * 1024;

const KEEP_MS = 60_000;

/** The first or the last bytes of a file. A file changes: each look reads anew. */
export const partQuery = (space: string, path: string, end: "first" | "last", most = PART_BYTES) =>
  queryOptions({
    queryKey: ["file", space, path, end, most],
    queryFn: ({ signal }) => readPart(space, path, end === "first" ? `0-${most - 1}` : `-${most}`, signal),
    gcTime: KEEP_MS,
  });

/** The whole file; `null` where it has more bytes than these. */
export const wholeQuery = (space: string, path: string, most: number) =>
  queryOptions({
    queryKey: ["file", space, path, "whole", most],
    queryFn: ({ signal }) => readPart(space, path, `0-${most - 1}`, signal, most),
    gcTime: KEEP_MS,
  });

/** Where a file's bytes are read and written. */
export function addressOf(space: string, path: string): string {
  return `/api/v1/files/${encodeURIComponent(space)}/content?path=${encodeURIComponent(path)}`;
}

/** Saves a file of any size, or several and directories as an archive: the browser fetches it, not the page. */
export async function download(space: string, ...paths: string[]): Promise<void> {
  const { data } = await client.POST("/api/v1/downloads", { body: { space, paths } });
  const link = document.createElement("a");
  link.href = (data as NonNullable<typeof data>).url;
  link.download = "";
  link.click();
}

/**
 * Writes a small file over the state that `etag` names, or as a new file.
 *
 * @returns the entity tag of what was written.
 * @throws Problem `changed` where the file is in another state, `already-exists` where a new one is there already.
 */
export async function write(
  space: string,
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  etag: string | "new",
): Promise<string> {
  const headers = {
    "Content-Type": "application/octet-stream",
    ...(etag === "new" ? { "If-None-Match": "*" } : { "If-Match": etag }),
  };
  const response = await authorizedFetch(
    new Request(addressOf(space, path), { method: "PUT", headers, body: bytes }),
  );
  if (!response.ok) throw await problemOf(response);
  return response.headers.get("ETag") ?? "";
}

async function readPart(
  space: string,
  path: string,
  range: string,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<Part | null> {
  const headers = { Range: `bytes=${range}` };
  const response = await authorizedFetch(
    new Request(addressOf(space, path), { headers, cache: "no-store", signal }),
  );
  // No byte of an empty file is there to ask for.
  if (response.status === 416) return { bytes: new Uint8Array(), from: 0, size: 0 };
  if (!response.ok) throw await problemOf(response);
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "") ?? [];
  if (Number(size) > most) {
    await response.body?.cancel();
    return null;
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, from: Number(from ?? 0), size: Number(size ?? bytes.length) };
}
