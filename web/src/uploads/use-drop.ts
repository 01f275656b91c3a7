// Takes what is dropped on a part of a page: files, and folders with all that is in them.
import { type DragEvent, useRef, useState } from "react";
import { client } from "../api/client";
import { joined, typedName } from "../files/paths";
import { readDropped } from "./dropped";
import type { Chosen, Target } from "./upload-item";
import { uploadQueue } from "./uploads";

export interface Drop {
  /** Files are held above it. */
  isOver: boolean;
  /** Files found so far in folders that are being read; null when none is. */
  reading: number | null;
  /** Empty folders that were made. */
  made: number;
  /** Names that could not be read, or made. */
  unread: string[];
  handlers: {
    onDragEnter(event: DragEvent): void;
    onDragOver(event: DragEvent): void;
    onDragLeave(event: DragEvent): void;
    onDrop(event: DragEvent): void;
  };
}

export function useDrop(target: Target | null, onFiles: (files: Chosen[]) => void): Drop {
  const [isOver, setOver] = useState(false);
  const [reading, setReading] = useState<number | null>(null);
  const [outcome, setOutcome] = useState<{ made: number; unread: string[] }>({ made: 0, unread: [] });
  /** Leaving is told of each part inside, too. */
  const depth = useRef(0);
  const leave = () => {
    depth.current = 0;
    setOver(false);
  };

  const take = async (transfer: DataTransfer) => {
    setOutcome({ made: 0, unread: [] });
    setReading(0);
    try {
      const { files, emptyFolders, unread } = await readDropped(transfer, setReading);
      onFiles(files);
      const failed = await makeFolders(emptyFolders, target);
      setOutcome({ made: emptyFolders.length - failed.length, unread: [...unread, ...failed] });
    } finally {
      setReading(null);
    }
  };

  return {
    isOver,
    reading,
    ...outcome,
    handlers: {
      onDragEnter(event) {
        if (!hasFiles(event)) return;
        depth.current += 1;
        setOver(true);
      },
      onDragOver(event) {
        if (hasFiles(event)) event.preventDefault();
      },
      onDragLeave(event) {
        if (!hasFiles(event)) return;
        depth.current -= 1;
        if (depth.current <= 0) leave();
      },
      onDrop(event) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        leave();
        void take(event.dataTransfer);
      },
    },
  };
}

function hasFiles(event: DragEvent): boolean {
  return [...event.dataTransfer.types].includes("Files");
}

/** Answers those that could not be made. */
async function makeFolders(folders: readonly string[], target: Target | null): Promise<string[]> {
  if (folders.length === 0) return [];
  const { space, directory } = target ?? (await uploadQueue.usualTarget());
  const failed: string[] = [];
  for (const folder of folders) {
    const body = { path: joined(directory, typedName(folder.normalize("NFC"))), parents: true };
    await client
      .POST("/api/v1/files/{space}/mkdir", { params: { path: { space } }, body })
      .catch(() => failed.push(folder));
  }
  return failed;
}
