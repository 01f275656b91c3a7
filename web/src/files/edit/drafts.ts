// Texts that were typed and not saved, in this browser's storage: each person's by file. A session that ends keeps them for
// when she signs in again; signing out removes them, since others may use the browser after her.
import { DRAFTS, hasSignedOut, keysOf } from "./sign-out";
import type { LineEnding, TextFile } from "./text-file";

/** Whose text it is, and of which file. */
export interface DraftPlace {
  /** The person's id. */
  user: string;
  space: string;
  path: string;
}

export interface Draft {
  /** Milliseconds since 1970: when it was typed. */
  at: number;
  /** Names the state of the file that was written in. */
  etag: string;
  /** How that file was written; for when it is no text any more, or gone. */
  format: Omit<TextFile, "text" | "endings"> & { endings: LineEnding };
  text: string;
}

interface Kept {
  key: string;
  at: number;
  length: number;
}

/** Of all drafts together, with their keys: browsers give a site 2.5 million characters at least. */
export const ROOM_CHARACTERS = 2 * 1024 * 1024;
const KEPT_MS = 30 * 86_400_000;

/** Called once, when the page has started. */
export function removeOldDrafts(): void {
  withStorage((storage) => {
    for (const { key, at } of allIn(storage)) if (!(Date.now() - at < KEPT_MS)) storage.removeItem(key);
  });
}

/** In the place of the file's last one. The oldest drafts make room; a text that is too long is not kept. */
export function keepDraft(place: DraftPlace, { at, ...rest }: Draft): void {
  // What is typed while the page goes to the sign-in would come back after the others were removed.
  if (hasSignedOut() || rest.text.length > ROOM_CHARACTERS) return;
  withStorage((storage) => {
    const key = keyOf(place);
    // The time first: the others' is read without reading their texts.
    const value = `${at} ${JSON.stringify(rest)}`;
    const others = allIn(storage)
      .filter((other) => other.key !== key)
      .sort((one, other) => one.at - other.at);
    let free = ROOM_CHARACTERS - key.length - value.length;
    if (free < 0) return;
    for (const { length } of others) free -= length;
    // What else the site keeps takes room as well: then the browser refuses before it is full here.
    while (free < 0 || !isStored(storage, key, value)) {
      const oldest = others.shift();
      if (!oldest) return;
      storage.removeItem(oldest.key);
      free += oldest.length;
    }
  });
}

export function draftOf(place: DraftPlace): Draft | null {
  const value = withStorage((storage) => storage.getItem(keyOf(place)));
  if (!value) return null;
  try {
    const at = Number.parseInt(value, 10);
    const rest = JSON.parse(value.slice(value.indexOf(" ") + 1)) as Omit<Draft, "at">;
    return Number.isNaN(at) || typeof rest.text !== "string" || !rest.format ? null : { at, ...rest };
  } catch {
    return null;
  }
}

export function removeDraft(place: DraftPlace): void {
  withStorage((storage) => storage.removeItem(keyOf(place)));
}

/** Neither ids nor names of spaces have a slash. */
function keyOf({ user, space, path }: DraftPlace): string {
  return `${keysOf(user)}${space}/${path}`;
}

function allIn(storage: Storage): Kept[] {
  return Object.keys(storage)
    .filter((key) => key.startsWith(DRAFTS))
    .map((key) => {
      const value = storage.getItem(key) ?? "";
      return { key, at: Number.parseInt(value, 10), length: key.length + value.length };
    });
}

function isStored(storage: Storage, key: string, value: string): boolean {
  try {
    storage.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

/** A browser may deny its storage as a whole: then there are no drafts. */
function withStorage<Answer>(deed: (storage: Storage) => Answer): Answer | null {
  try {
    return deed(localStorage);
  } catch {
    return null;
  }
}
