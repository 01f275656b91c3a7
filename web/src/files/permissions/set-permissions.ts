// Permissions of several entries set one after the other.
import { client } from "../../api/client";
import type { FileEntry } from "../../api/types";
import { granted, modeOf, octalOf, SPECIAL, type Wish } from "./mode";

export interface Failure {
  entry: FileEntry;
  error: unknown;
}

/** What is set here: files and directories, but what runs as its owner, which only a shell should touch. */
export function isSettable({ kind, mode }: FileEntry): boolean {
  return (kind === "file" || kind === "directory") && (modeOf(mode) & SPECIAL.setUserId) === 0;
}

/** Goes on behind an entry that fails. The bits that nobody asked for stay as they are by then, not as they were listed. */
export async function setPermissions(
  space: string,
  entries: readonly FileEntry[],
  wish: Wish,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const entry of entries) {
    try {
      await setOne(space, entry.path, wish);
    } catch (error) {
      failures.push({ entry, error });
    }
  }
  return failures;
}

async function setOne(space: string, path: string, wish: Wish): Promise<void> {
  const { data } = await client.GET("/api/v1/files/{space}/stat", {
    params: { path: { space }, query: { path } },
  });
  const now = modeOf((data as NonNullable<typeof data>).mode);
  const mode = granted(now, wish);
  if (mode === now) return;
  await client.POST("/api/v1/files/{space}/permissions", {
    params: { path: { space } },
    body: { path, mode: octalOf(mode) },
  });
}
