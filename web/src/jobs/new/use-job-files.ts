// The files of the New job form: kept in step with the upload queue, named after what the template asks for.
import { useEffect } from "react";
import type { Template } from "../../api/types";
import type { UploadItem } from "../../uploads/upload-item";
import { uploadQueue } from "../../uploads/uploads";
import { type FileChoice, type JobForm, suggestedName } from "./form";

type Change = (change: (form: JobForm) => Partial<JobForm>) => void;

export function useJobFiles(
  form: JobForm,
  template: Template | null,
  items: readonly UploadItem[],
  change: Change,
) {
  // The queue knows first when a file got its id, was classified otherwise, or has arrived.
  useEffect(() => {
    const news = items.filter((item) =>
      form.files.some((file) => file.key === item.key && !isInStep(file, item)),
    );
    if (news.length > 0) change((now) => ({ files: now.files.map((file) => inStep(file, news)) }));
  }, [items, form.files, change]);

  const enter = (files: FileChoice[]) =>
    change((now) => {
      const all = [...now.files];
      for (const file of files) {
        // Chosen again while it is on its way, it is the same one.
        if (file.key !== null && all.some(({ key }) => key === file.key)) continue;
        all.push({ ...file, as: suggestedName(file, template?.files ?? [], all) });
      }
      return { files: all };
    });

  return {
    onAdded: (keys: string[]) =>
      enter(uploadQueue.items.filter((item) => keys.includes(item.key)).map((item) => choiceOf(item))),
    onChoose: (upload: { id: string; filename: string; kind: string }) =>
      enter([
        {
          key: null,
          upload: upload.id,
          filename: upload.filename,
          kind: upload.kind,
          as: "",
          finished: true,
        },
      ]),
    onRename: (file: FileChoice, as: string) =>
      change((now) => ({
        files: now.files.map((other) => (isSame(other, file) ? { ...other, as } : other)),
      })),
    onRemove: (file: FileChoice) => {
      if (file.key) void uploadQueue.remove(file.key);
      change((now) => ({ files: now.files.filter((other) => !isSame(other, file)) }));
    },
  };
}

function choiceOf(item: UploadItem): FileChoice {
  const { key, uploadId, name, kind, state } = item;
  return { key, upload: uploadId, filename: name, kind, as: "", finished: state === "finished" };
}

function inStep(file: FileChoice, items: readonly UploadItem[]): FileChoice {
  const item = items.find(({ key }) => key === file.key);
  return item ? { ...choiceOf(item), as: file.as } : file;
}

function isInStep(file: FileChoice, item: UploadItem): boolean {
  return (
    file.upload === item.uploadId && file.kind === item.kind && file.finished === (item.state === "finished")
  );
}

function isSame(one: FileChoice, other: FileChoice): boolean {
  return one.key !== null ? one.key === other.key : one.upload === other.upload;
}
