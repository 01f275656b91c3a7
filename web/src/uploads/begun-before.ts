// What an earlier try left of a file on the server, by which it goes on, and in how many parts one begins.
import type { UploadInfo } from "../api/types";
import { joined, typedName } from "../files/paths";
import type { Begun } from "./tus";
import type { Target, UploadItem } from "./upload-item";

export const PARTS = 3;
const MIB = 1024 * 1024;
/** Smaller files are sent before three requests have found their speed. */
export const PARTS_FROM_BYTES = 64 * MIB;
/** Putting parts together takes their bytes once more, for a moment, on the server's disk. */
export const PARTS_UP_TO_BYTES = 4096 * MIB;

/** In how many parts a file of so many bytes is sent. */
export function partsFor(size: number): number {
  return size >= PARTS_FROM_BYTES && size <= PARTS_UP_TO_BYTES ? PARTS : 1;
}

/**
 * Where the file goes on: in one stream, or in parts.
 * @param known what the server has of files with its fingerprint, the newest first.
 * @param isFree whether nothing else is sent to that upload just now.
 */
export function begunBefore(
  item: UploadItem,
  known: readonly UploadInfo[],
  isFree: (uploadId: string) => boolean,
): { begun: Begun; begunIn: Target | null } {
  const { size } = item;
  // Where nobody says where it goes, it goes where it was begun.
  const open = known.filter(
    (upload) =>
      upload.state === "uploading" &&
      isFree(upload.id) &&
      (item.target === null || isAt(upload, item, item.target)),
  );
  const whole = open.find((upload) => !upload.part && upload.size === size);
  const somePart = open.find((upload) => upload.part?.whole_size === size);
  const parts = open.filter(
    (upload) => upload.part?.whole_size === size && upload.directory === somePart?.directory,
  );
  const at = whole ?? somePart;
  const count = parts[0]?.part?.count ?? partsFor(size);
  const idOf = (number: number) =>
    parts.find(({ part }) => part?.count === count && part.number === number)?.id ?? null;
  const isInParts = count > 1 && !(whole && parts.length === 0);
  return {
    begun: {
      id: whole?.id ?? null,
      parts: isInParts ? Array.from({ length: count }, (_, index) => idOf(index + 1)) : [],
    },
    begunIn: at ? { space: at.space, directory: at.directory } : null,
  };
}

/** Whether that upload goes to where this file would go. */
export function isAt({ space, directory }: UploadInfo, item: UploadItem, target: Target): boolean {
  return space === target.space && directory === joined(target.directory, typedName(item.folder));
}
