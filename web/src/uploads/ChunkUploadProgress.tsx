// One file on its way: how far, how fast, how long yet, and what can be done about it.
import { ActionIcon } from "@mantine/core";
import {
  IconFile,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconUpload,
  IconX,
} from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileKind } from "../api/types";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { useProblemText } from "../ui/problem-text";
import { FileTypeSelector } from "./FileTypeSelector";
import { KindNote } from "./KindNote";
import { isUnderWay, progressOf, type UploadItem } from "./upload-item";
import type { UploadQueue } from "./upload-queue";
import classes from "./uploads.module.css";
import { useUploadOf } from "./use-upload";

interface Props {
  item: UploadItem;
  queue: UploadQueue;
  /** Beside the kind, where the page wants to know more of the file. */
  extra?: ReactNode;
  /** In place of taking it out of the queue. */
  onRemove?(): void;
  /** Where it stands in a list that shows a part of its rows alone. */
  place?: { index: number; start: number; count: number; measure(element: Element | null): void };
}

/** Of a file that is there the server knows best: its kind may be changed elsewhere. */
function ItemKind({ item, queue }: Pick<Props, "item" | "queue">) {
  const there = useUploadOf(item.state === "finished" ? item.uploadId : null);
  const [said, setSaid] = useState<FileKind | null>(null);
  const say = (kind: FileKind) => {
    setSaid(kind);
    const told = () => setSaid(null);
    void queue.setKind(item.key, kind).then(told, told);
  };
  return <FileTypeSelector kind={said ?? there?.kind ?? item.kind} fileName={item.name} onChange={say} />;
}

export function ChunkUploadProgress({ item, queue, extra, onRemove, place }: Props) {
  const { t } = useTranslation();
  const remove = onRemove ?? (() => void queue.remove(item.key));
  return (
    <li
      className={classes.item}
      aria-label={nameOf(item)}
      {...(place
        ? {
            ref: place.measure,
            "data-index": place.index,
            "aria-posinset": place.index + 1,
            "aria-setsize": place.count,
            style: { position: "absolute", insetInline: 0, top: place.start },
          }
        : {})}
    >
      <div className={classes.itemLine}>
        <IconFile size={16} className={classes.fileIcon} aria-hidden />
        <span className={classes.name} title={item.path ?? nameOf(item)}>
          {item.folder && <span className={classes.folder}>{item.folder}/</span>}
          {item.name}
        </span>
        {extra}
        <ItemKind item={item} queue={queue} />
        <div className={classes.buttons}>
          {isUnderWay(item.state) && (
            <IconButton
              label={t("uploading.pause", { name: item.name })}
              onClick={() => queue.pause(item.key)}
            >
              <IconPlayerPause size={16} />
            </IconButton>
          )}
          {item.state === "paused" && (
            <IconButton
              label={t("uploading.resume", { name: item.name })}
              onClick={() => queue.resume(item.key)}
            >
              <IconPlayerPlay size={16} />
            </IconButton>
          )}
          {item.wasThere && (
            <IconButton
              label={t("uploading.sendAgain", { name: item.name })}
              onClick={() => queue.sendAgain(item.key)}
            >
              <IconUpload size={16} />
            </IconButton>
          )}
          {item.state === "failed" && (
            <IconButton
              label={t("uploading.retry", { name: item.name })}
              onClick={() => queue.resume(item.key)}
            >
              <IconRefresh size={16} />
            </IconButton>
          )}
          <IconButton
            label={
              item.state === "finished" || onRemove
                ? t("uploading.remove", { name: item.name })
                : t("uploading.cancel", { name: item.name })
            }
            onClick={remove}
          >
            <IconX size={16} />
          </IconButton>
        </div>
      </div>
      <ProgressLine item={item} />
    </li>
  );
}

function ProgressLine({ item }: { item: UploadItem }) {
  const { t } = useTranslation();
  const format = useFormat();
  const problemText = useProblemText();
  const tone =
    item.state === "finished"
      ? "completed"
      : item.state === "failed"
        ? "failed"
        : item.state === "interrupted" || item.state === "paused"
          ? "waiting"
          : "accent";
  const { left } = progressOf([item]);
  const why = item.problem && problemText(item.problem);
  const isOffline = item.state === "interrupted" && item.problem?.status === 0 && !navigator.onLine;
  // What waits is tried again by itself; what failed says what to do.
  const advice = item.state === "failed" && item.problem?.code !== "no-answer" ? why?.advice : "";
  const chunks = item.chunkSize > 0 ? Math.ceil(item.size / item.chunkSize) : 0;
  const done = item.size === 0 ? (item.state === "finished" ? 1 : 0) : item.offset / item.size;
  return (
    <>
      <Bar label={t("uploading.progressOf", { name: item.name })} value={done} tone={tone} thin />
      <div className={classes.figures}>
        <span>
          {item.wasThere ? t("uploading.wasThere") : t(`uploads.states.${item.state}`)}
          {isOffline
            ? `: ${t("uploading.offline")}`
            : why && `: ${[why.title, advice].filter(Boolean).join(" ")}`}
        </span>
        <span className="qd-num">
          {item.state === "finished"
            ? format.bytes(item.size)
            : t("uploading.bytesOf", { offset: format.bytes(item.offset), size: format.bytes(item.size) })}
        </span>
        {item.parts > 1 && item.state !== "finished" && (
          <span className="qd-num">{t("uploading.parts", { number: format.number(item.parts) })}</span>
        )}
        {chunks > 1 && item.state !== "finished" && (
          <span className="qd-num">
            {t("uploading.chunk", {
              number: format.number(Math.min(Math.floor(item.offset / item.chunkSize) + 1, chunks)),
              total: format.number(chunks),
            })}
          </span>
        )}
        {item.resumedAt > 0 && item.state !== "finished" && (
          <span className="qd-num">{t("uploading.resumedAt", { offset: format.bytes(item.resumedAt) })}</span>
        )}
        {item.state === "finished" && item.uploadId && <KindNote uploadId={item.uploadId} />}
        {item.speed > 0 && (
          <span className="qd-num">
            {t("uploading.speed", { speed: format.bytes(item.speed) })}
            {left !== null && ` · ${t("uploading.left", { time: format.duration(Math.ceil(left)) })}`}
          </span>
        )}
      </div>
    </>
  );
}

/** A file in a folder with the way to it: there may be many of its name. */
function nameOf({ folder, name }: UploadItem): string {
  return folder ? `${folder}/${name}` : name;
}

function IconButton({ label, onClick, children }: { label: string; onClick(): void; children: ReactNode }) {
  return (
    <ActionIcon title={label} aria-label={label} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
