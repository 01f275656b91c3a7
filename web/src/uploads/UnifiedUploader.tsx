// Where files come in: dropped or chosen, many at once. Used on the uploads page and inside New job.
import { Button } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { type DragEvent, type ReactNode, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { ChunkUploadProgress } from "./ChunkUploadProgress";
import { isGoingOn, progressOf, type UploadItem } from "./upload-queue";
import { uploadQueue } from "./uploads";
import classes from "./uploads.module.css";

interface Props {
  /** The files to show; the page that uses the uploader says which belong to it. */
  items: readonly UploadItem[];
  onAdded?(keys: string[]): void;
  extraFor?(item: UploadItem): ReactNode;
  onRemove?(item: UploadItem): void;
}

export function UnifiedUploader({ items, onAdded, extraFor, onRemove }: Props) {
  const add = (files: File[]) => {
    if (files.length === 0) return;
    const keys = uploadQueue.add(files);
    onAdded?.(keys);
  };
  const remove = onRemove;
  return (
    <div className={classes.uploader}>
      <DropZone onFiles={add} />
      {items.length > 1 && <AllTogether items={items} />}
      {items.length > 0 && (
        <ul className={classes.items}>
          {items.map((item) => (
            <ChunkUploadProgress
              key={item.key}
              item={item}
              queue={uploadQueue}
              extra={extraFor?.(item)}
              {...(remove ? { onRemove: () => remove(item) } : {})}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

function DropZone({ onFiles }: { onFiles(files: File[]): void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const [leftOut, setLeftOut] = useState<string[]>([]);
  const input = useRef<HTMLInputElement>(null);
  const hint = useId();

  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { files, directories } = filesOf(event.dataTransfer);
    setLeftOut(directories);
    onFiles(files);
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is one more way; the button inside does the same
    <div
      className={classes.drop}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <IconUpload size={18} className={classes.dropIcon} aria-hidden />
      <span id={hint}>{t("uploads.dropHere")}</span>
      <Button variant="default" onClick={() => input.current?.click()} aria-describedby={hint}>
        {t("uploads.choose")}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t("uploads.files")}
        onChange={(event) => {
          onFiles([...(event.currentTarget.files ?? [])]);
          // So that the same file can be chosen again.
          event.currentTarget.value = "";
        }}
      />
      {leftOut.length > 0 && (
        <p className={classes.leftOut} role="alert">
          {t("uploads.noDirectories", { names: leftOut.join(", ") })}
        </p>
      )}
    </div>
  );
}

function AllTogether({ items }: { items: readonly UploadItem[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const going = items.filter((item) => isGoingOn(item.state) || item.state === "queued");
  if (going.length === 0) return null;
  const all = progressOf(items);
  const done = items.filter((item) => item.state === "finished").length;
  return (
    <div className={classes.all}>
      <div className={classes.figures}>
        <span>
          {t("uploads.allTogether", { done: format.number(done), total: format.number(items.length) })}
        </span>
        <span className="qd-num">
          {t("uploads.bytesOf", { offset: format.bytes(all.offset), size: format.bytes(all.size) })}
        </span>
        {all.left !== null && (
          <span className="qd-num">
            {t("uploads.speed", { speed: format.bytes(all.speed) })} ·{" "}
            {t("uploads.left", { time: format.duration(Math.ceil(all.left)) })}
          </span>
        )}
      </div>
      <Bar label={t("uploads.progressOfAll")} value={all.size > 0 ? all.offset / all.size : 0} />
    </div>
  );
}

/** A directory that is dropped looks like a file that cannot be read. */
function filesOf(transfer: DataTransfer): { files: File[]; directories: string[] } {
  const files: File[] = [];
  const directories: string[] = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    const file = item.getAsFile();
    if (entry?.isDirectory) directories.push(entry.name);
    else if (file) files.push(file);
  }
  return { files, directories };
}
