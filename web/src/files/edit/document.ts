// A small text file as a whole: read with the state that it is in, and written only over that state.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import { authorizedFetch } from "../../api/http";
import { problemOf } from "../../api/problem";
import type { FileEntry } from "../../api/types";
import { addressOf } from "../content";
import { MAX_EDIT_BYTES } from "./limit";
import { type NoText, type TextFile, textFileOf } from "./text-file";

/** Why a file is not edited here. */
export type Refusal = NoText | "too-large" | "link";

export interface Reading {
  entry: FileEntry;
  /** Names the state of the file that was read. */
  etag: string;
  text: TextFile | null;
  /** Set where there is no `text`. */
  refusal: Refusal | null;
}

/** Read once, when the editor opens: what somebody writes must not change under her hands. */
export const readingQuery = (space: string, path: string) =>
  queryOptions({
    queryKey: ["edit", space, path],
    queryFn: ({ signal }) => read(space, path, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

/** @throws Problem */
export async function read(space: string, path: string, signal?: AbortSignal): Promise<Reading> {
  const [entry, response] = await Promise.all([
    client
      .GET("/api/v1/files/{space}/stat", { params: { path: { space }, query: { path } }, signal })
      .then(({ data }) => data as NonNullable<typeof data>),
    authorizedFetch(new Request(addressOf(space, path), { cache: "no-store", signal: signal ?? null })),
  ]);
  if (!response.ok) throw await problemOf(response);
  const etag = response.headers.get("ETag") ?? "";
  const none = async (refusal: Refusal): Promise<Reading> => {
    await response.body?.cancel();
    return { entry, etag, text: null, refusal };
  };
  // What is written takes the place of a name, and would end the link.
  if (entry.kind === "link") return none("link");
  if (Number(response.headers.get("Content-Length")) > MAX_EDIT_BYTES) return none("too-large");
  const text = textFileOf(new Uint8Array(await response.arrayBuffer()));
  return typeof text === "string"
    ? { entry, etag, text: null, refusal: text }
    : { entry, etag, text, refusal: null };
}
