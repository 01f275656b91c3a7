// Files that were begun and never finished, put together from what the server lists: whole uploads, and parts.
import type { UploadInfo } from "../api/types";

export interface UnfinishedFile {
  /** Of the file where its client said one, else of the upload. */
  key: string;
  filename: string;
  space: string;
  directory: string;
  /** `null`: its client has yet to say it. */
  size: number | null;
  offset: number;
  expiresAt: string | null;
  /** The uploads that it consists of. */
  ids: string[];
}

/** The newest first. */
export function unfinishedFiles(uploads: readonly UploadInfo[]): UnfinishedFile[] {
  const files = new Map<string, UnfinishedFile>();
  for (const upload of uploads) {
    // What others sent in parts without saying of what is nothing to go on with here.
    if (upload.part === null || upload.part === undefined) {
      files.set(upload.id, { ...fileOf(upload), size: upload.size ?? null });
      continue;
    }
    const key = [upload.fingerprint, upload.space, upload.directory].join("\n");
    const known = files.get(key);
    if (known) {
      known.offset += upload.offset;
      known.ids.push(upload.id);
    } else files.set(key, { ...fileOf(upload), size: upload.part.whole_size });
  }
  return [...files.values()];
}

function fileOf(upload: UploadInfo): Omit<UnfinishedFile, "size"> {
  return {
    key: upload.fingerprint ?? upload.id,
    filename: upload.filename,
    space: upload.space,
    directory: upload.directory,
    offset: upload.offset,
    expiresAt: upload.expires_at ?? null,
    ids: [upload.id],
  };
}
