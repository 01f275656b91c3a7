// What can be done with files. Each answers when it is done; lists are read again by the caller.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { client } from "../api/client";
import { asProblem } from "../api/problem";
import type { FileEntry, TrashEntry } from "../api/types";
import { write } from "./content";

export async function makeDirectory(space: string, path: string): Promise<void> {
  await client.POST("/api/v1/files/{space}/mkdir", {
    params: { path: { space } },
    body: { path, parents: false },
  });
}

/** A new one, empty. */
export async function makeFile(space: string, path: string): Promise<void> {
  await write(space, path, new Uint8Array(), "new");
}

/** Never replaces what is there. */
export async function rename(space: string, from: string, to: string): Promise<void> {
  await client.POST("/api/v1/files/{space}/rename", {
    params: { path: { space } },
    body: { from, to, replace: false },
  });
}

export interface Deletion {
  /** As they are in the trash now. */
  trashed: TrashEntry[];
  /** They can only be deleted for good. */
  trashless: FileEntry[];
  /** What stopped it, where something did. */
  error: unknown;
}

/** One after the other, to the trash; ends at the first that cannot be deleted at all. */
export async function moveToTrash(space: string, entries: readonly FileEntry[]): Promise<Deletion> {
  const deletion: Deletion = { trashed: [], trashless: [], error: null };
  for (const entry of entries) {
    try {
      const { data } = await client.DELETE("/api/v1/files/{space}", {
        params: { path: { space }, query: { path: entry.path } },
      });
      if (data) deletion.trashed.push(data);
    } catch (error) {
      if (asProblem(error).code === "no-trash") deletion.trashless.push(entry);
      else return { ...deletion, error };
    }
  }
  return deletion;
}

export async function restore(space: string, items: readonly TrashEntry[]): Promise<void> {
  // The last that was deleted first: what lay in a directory that was deleted after it finds it again.
  for (const { id } of items.toReversed()) {
    await client.POST("/api/v1/files/{space}/trash/{item}/restore", {
      params: { path: { space, item: id } },
    });
  }
}

/** Has every list of the space read again. */
export function useReadAgain(space: string): () => Promise<void> {
  const cache = useQueryClient();
  return useCallback(() => cache.invalidateQueries({ queryKey: ["files", space] }), [cache, space]);
}
