// What was begun before, here or in another browser, and can be gone on with when its file is chosen again.
import { ActionIcon, Button } from "@mantine/core";
import { IconFile, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import { displayName } from "../files/paths";
import { Confirm } from "../ui/Confirm";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/states";
import { ChooseButtons } from "./DropZone";
import { openUploadsQuery } from "./queries";
import { type UnfinishedFile, unfinishedFiles } from "./unfinished";
import type { UploadItem } from "./upload-item";
import { uploadQueue } from "./uploads";
import classes from "./uploads.module.css";

const SHOWN = 50;

export function Unfinished({ items }: { items: readonly UploadItem[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cache = useQueryClient();
  const { data } = useQuery(openUploadsQuery);
  const [asking, setAsking] = useState(false);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async (files: UnfinishedFile[]) => {
      for (const id of files.flatMap(({ ids }) => ids)) await discard(id);
    },
    onSuccess: () => setAsking(false),
    onSettled: () => cache.invalidateQueries({ queryKey: openUploadsQuery.queryKey }),
  });
  // Those of the queue are shown there.
  const queued = new Set(items.flatMap((item) => [item.fingerprint ?? "", item.uploadId ?? ""]));
  const files = unfinishedFiles(data?.items ?? []).filter(
    ({ key, ids }) => !queued.has(key) && !ids.some((id) => queued.has(id)),
  );
  if (files.length === 0) return null;
  return (
    <Panel
      title={t("uploading.unfinished")}
      hint={format.number(files.length)}
      actions={
        files.length > 1 && (
          <Button variant="subtle" size="compact-xs" onClick={() => setAsking(true)}>
            {t("uploading.discardAll")}
          </Button>
        )
      }
    >
      <div className={classes.uploader}>
        <p className={classes.advice}>{t("uploading.unfinishedHint")}</p>
        <ChooseButtons onFiles={(chosen) => uploadQueue.add(chosen)} labelled={false} />
        {error && !asking ? <ProblemNote error={error} /> : null}
        <ul className={classes.items} aria-label={t("uploading.unfinished")}>
          {files.slice(0, SHOWN).map((file) => (
            <UnfinishedRow key={file.ids[0]} file={file} busy={isPending} onDiscard={() => mutate([file])} />
          ))}
        </ul>
        {files.length > SHOWN && (
          <p className="qd-dim">
            {t("uploading.unfinishedMany", { number: format.number(files.length - SHOWN) })}
          </p>
        )}
      </div>
      <Confirm
        opened={asking}
        title={t("uploading.discardAll")}
        deed={t("uploading.discardAll")}
        destructive
        busy={isPending}
        error={error}
        onConfirm={() => mutate(files)}
        onClose={() => {
          setAsking(false);
          reset();
        }}
      >
        {t("uploading.discardAllText", { number: format.number(files.length) })}
      </Confirm>
    </Panel>
  );
}

interface RowProps {
  file: UnfinishedFile;
  busy: boolean;
  onDiscard(): void;
}

function UnfinishedRow({ file, busy, onDiscard }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { filename, space, size, offset } = file;
  const directory = displayName(file.directory);
  return (
    <li className={classes.item} aria-label={filename}>
      <div className={classes.itemLine}>
        <IconFile size={16} className={classes.fileIcon} aria-hidden />
        <span className={classes.name} title={`${directory}/${filename}`}>
          <span className={classes.folder}>
            {space !== "home" && `${space}: `}
            {directory}/
          </span>
          {filename}
        </span>
        <ActionIcon
          title={t("uploading.discard", { name: filename })}
          aria-label={t("uploading.discard", { name: filename })}
          disabled={busy}
          onClick={onDiscard}
        >
          <IconX size={16} />
        </ActionIcon>
      </div>
      <Bar
        label={t("uploading.progressOf", { name: filename })}
        value={size ? offset / size : 0}
        tone="waiting"
        thin
      />
      <div className={classes.figures}>
        <span>
          {size === null
            ? format.bytes(offset)
            : t("uploading.arrived", {
                percent: format.percent(offset, size),
                size: format.bytes(size),
              })}
        </span>
        {file.expiresAt && (
          <span>{t("uploading.expires", { when: format.shortMoment(file.expiresAt) })}</span>
        )}
      </div>
    </li>
  );
}

async function discard(id: string): Promise<void> {
  await client.DELETE("/api/v1/uploads/{id}", {
    params: { path: { id } },
    headers: { "Tus-Resumable": "1.0.0" },
  });
}
