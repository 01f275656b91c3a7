// Where files come in: dropped or chosen, files and folders, thousands at once. Used on the uploads page, in a directory
// and inside New job.
import type { ReactNode } from "react";
import { AllTogether } from "./AllTogether";
import { DropZone } from "./DropZone";
import { UploadList } from "./UploadList";
import type { Chosen, Target, UploadItem } from "./upload-item";
import { uploadQueue } from "./uploads";
import classes from "./uploads.module.css";

interface Props {
  /** The files to show; the page that uses the uploader says which belong to it. */
  items: readonly UploadItem[];
  /** Where the files go; where the site puts uploads, unless said. */
  target?: Target | null;
  onAdded?(keys: string[]): void;
  extraFor?(item: UploadItem): ReactNode;
  onRemove?(item: UploadItem): void;
}

export function UnifiedUploader({ items, target = null, onAdded, extraFor, onRemove }: Props) {
  const add = (files: (File | Chosen)[]) => {
    if (files.length === 0) return;
    const keys = uploadQueue.add(files, target);
    onAdded?.(keys);
  };
  return (
    <div className={classes.uploader}>
      <DropZone target={target} onFiles={add} />
      <AllTogether items={items} {...(onRemove ? { onRemove } : {})} />
      <UploadList items={items} {...(extraFor ? { extraFor } : {})} {...(onRemove ? { onRemove } : {})} />
    </div>
  );
}
