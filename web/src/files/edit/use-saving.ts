// Saving what is in the editor over the state that it was read in, and nothing else.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "../../api/problem";
import { useReadAgain } from "../changes";
import { write } from "../content";
import { type Reading, read } from "./document";
import { bytesOf, type TextFile, textFileOf } from "./text-file";

/** A text that can be edited, and the state of the file that it is of. */
export interface Base {
  etag: string | "new";
  text: TextFile;
}

export interface Saving {
  base: Base;
  /** The file as it is now, where it is no longer as it was read; its `null`: it is gone. */
  conflict: { now: Reading | null } | null;
  /** Milliseconds since 1970; null: not yet. */
  savedAt: number | null;
  isPending: boolean;
  error: unknown;
  /** Over the state that was read. Answers whether it is saved: not where there is a conflict. */
  save(text: string): Promise<boolean>;
  /** Over the state that the conflict shows, and over no later one. */
  saveAnyway(text: string): Promise<boolean>;
  saveElsewhere(text: string, path: string): Promise<void>;
  /** Goes on from the state that the conflict shows. */
  takeTheirs(): TextFile | null;
}

interface Deed {
  text: string;
  over: string | "new";
}

/** @param found the conflict that it begins with. */
export function useSaving(space: string, path: string, first: Base, found: Saving["conflict"]): Saving {
  const cache = useQueryClient();
  const readAgain = useReadAgain(space);
  const [base, setBase] = useState(first);
  const [conflict, setConflict] = useState(found);
  const [savedAt, setSavedAt] = useState<number | null>(null);
  const refresh = () => {
    void readAgain();
    void cache.invalidateQueries({ queryKey: ["file", space] });
  };
  const accept = (etag: string, text: TextFile) => {
    setBase({ etag, text });
    setConflict(null);
    setSavedAt(Date.now());
    refresh();
  };

  const saving = useMutation({
    mutationFn: async ({ text, over }: Deed): Promise<boolean> => {
      const bytes = bytesOf(base.text, text);
      const written = textFileOf(bytes);
      // Nothing that is typed makes UTF-8 something else but a NUL.
      if (typeof written === "string") throw new Error(written);
      try {
        accept(await write(space, path, bytes, over), written);
        return true;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
      const now = await stateNow(space, path);
      // An earlier answer was lost on its way: what is there is this very text.
      if (now?.text?.encoding === "utf-8" && isSame(bytesOf(now.text, now.text.text), bytes)) {
        accept(now.etag, written);
        return true;
      }
      setConflict({ now });
      return false;
    },
  });

  return {
    base,
    conflict,
    savedAt,
    isPending: saving.isPending,
    error: saving.error,
    save: (text) => saving.mutateAsync({ text, over: base.etag }),
    saveAnyway: (text) => saving.mutateAsync({ text, over: conflict?.now?.etag ?? "new" }),
    async saveElsewhere(text, other) {
      await write(space, other, bytesOf(base.text, text), "new");
      refresh();
    },
    takeTheirs() {
      const now = conflict?.now;
      if (!now?.text) return null;
      setBase({ etag: now.etag, text: now.text });
      setConflict(null);
      saving.reset();
      return now.text;
    },
  };
}

function isConflict(error: unknown): boolean {
  return ["changed", "file-not-found", "already-exists", "not-a-regular-file"].includes(
    asProblem(error).code,
  );
}

async function stateNow(space: string, path: string): Promise<Reading | null> {
  try {
    return await read(space, path);
  } catch (error) {
    if (asProblem(error).code === "file-not-found") return null;
    throw error;
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
