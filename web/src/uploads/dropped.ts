// What was dropped on the page: files, and folders with all that is in them.
import type { Chosen } from "./upload-item";

export interface Dropped {
  files: Chosen[];
  /** Folders with nothing in them, as paths: no file brings them along. */
  emptyFolders: string[];
  /** What the browser could not read. */
  unread: string[];
}

/**
 * Must be called while the drop's event is handled, and reads on afterwards.
 * @param onProgress told now and then how many files were found.
 */
export async function readDropped(
  transfer: DataTransfer,
  onProgress: (files: number) => void,
): Promise<Dropped> {
  const dropped: Dropped = { files: [], emptyFolders: [], unread: [] };
  // The list is emptied when the event is over.
  const found = [...transfer.items]
    .filter((item) => item.kind === "file")
    .map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  for (const { entry, file } of found) {
    if (entry?.isDirectory) await readFolder(entry as FileSystemDirectoryEntry, dropped, onProgress);
    else if (file) dropped.files.push({ file, path: file.name });
  }
  return dropped;
}

async function readFolder(
  folder: FileSystemDirectoryEntry,
  dropped: Dropped,
  onProgress: (files: number) => void,
): Promise<void> {
  const path = pathOf(folder);
  try {
    const entries = await entriesOf(folder);
    if (entries.length === 0) dropped.emptyFolders.push(path);
    const files = entries.filter((entry) => entry.isFile) as FileSystemFileEntry[];
    const read = await Promise.all(files.map((entry) => fileOf(entry).catch(() => null)));
    read.forEach((file, index) => {
      const at = pathOf(files[index] as FileSystemFileEntry);
      if (file) dropped.files.push({ file, path: at });
      else dropped.unread.push(at);
    });
    onProgress(dropped.files.length);
    for (const entry of entries)
      if (entry.isDirectory) await readFolder(entry as FileSystemDirectoryEntry, dropped, onProgress);
  } catch {
    dropped.unread.push(path);
  }
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A hundred at a time, and none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

function pathOf(entry: FileSystemEntry): string {
  return entry.fullPath.replace(/^\//, "");
}
