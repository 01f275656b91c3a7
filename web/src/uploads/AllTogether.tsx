// All files of the queue together: how far, how fast, how long yet, and what can be done with all of them.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "../ui/Confirm";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { isUnderWay, progressOf, type UploadItem } from "./upload-item";
import { uploadQueue, useUploadPace, useUploadsHeld } from "./uploads";
import classes from "./uploads.module.css";

interface Props {
  items: readonly UploadItem[];
  /** In place of taking one out of the queue. */
  onRemove?(item: UploadItem): void;
}

export function AllTogether({ items, onRemove }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const pace = useUploadPace();
  const held = useUploadsHeld();
  const [cancelling, setCancelling] = useState(false);
  const going = items.filter((item) => isUnderWay(item.state)).length;
  const paused = items.filter((item) => item.state === "paused").length;
  const failed = items.filter((item) => item.state === "failed").length;
  const done = items.filter((item) => item.state === "finished").length;
  const unfinished = items.length - done;
  const keys = () => items.map(({ key }) => key);
  const cancel = () => {
    setCancelling(false);
    const open = items.filter((item) => item.state !== "finished");
    if (onRemove) for (const item of open) onRemove(item);
    else void uploadQueue.removeAll(open.map(({ key }) => key));
  };
  return (
    <>
      {/* Said when it begins and when it ends, not at each step. */}
      <p className={classes.heard} role="status">
        {items.length > 0 &&
          (going > 0
            ? t("uploading.heardGoing", { total: format.number(items.length) })
            : t("uploading.heardDone", { done: format.number(done), total: format.number(items.length) }))}
        {failed > 0 && ` ${t("uploading.heardFailed", { number: format.number(failed) })}`}
      </p>
      {items.length > 1 && unfinished > 0 && (
        <div className={classes.all}>
          <Figures items={items} done={done} failed={failed} pace={pace} />
          <div className={classes.allButtons}>
            {going > 0 && (
              <Button variant="default" size="compact-xs" onClick={() => uploadQueue.pauseAll(keys())}>
                {t("uploading.pauseAll")}
              </Button>
            )}
            {paused > 0 && (
              <Button variant="default" size="compact-xs" onClick={() => uploadQueue.resumeAll(keys())}>
                {t("uploading.resumeAll")}
              </Button>
            )}
            {failed > 0 && (
              <Button variant="default" size="compact-xs" onClick={() => uploadQueue.retryAll(keys())}>
                {t("uploading.retryAll", { number: format.number(failed) })}
              </Button>
            )}
            <Button variant="default" size="compact-xs" onClick={() => setCancelling(true)}>
              {t("uploading.cancelAll")}
            </Button>
          </div>
        </div>
      )}
      {held && <p className={classes.note}>{t("uploading.held")}</p>}
      {cancelling && (
        <Confirm
          opened
          title={t("uploading.cancelAll")}
          deed={t("uploading.cancelThem")}
          destructive
          busy={false}
          error={null}
          onConfirm={cancel}
          onClose={() => setCancelling(false)}
        >
          {t("uploading.cancelAllText", { number: format.number(unfinished) })}
        </Confirm>
      )}
    </>
  );
}

interface FiguresProps {
  items: readonly UploadItem[];
  done: number;
  failed: number;
  pace: { speed: number; filesPerSecond: number };
}

function Figures({ items, done, failed, pace }: FiguresProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const all = progressOf(items, pace);
  return (
    <>
      <div className={classes.figures}>
        <span>
          {t("uploading.allTogether", { done: format.number(done), total: format.number(items.length) })}
          {failed > 0 && `, ${t("uploading.failedOf", { number: format.number(failed) })}`}
        </span>
        <span className="qd-num">
          {t("uploading.bytesOf", { offset: format.bytes(all.offset), size: format.bytes(all.size) })}
        </span>
        {all.speed > 0 && (
          <span className="qd-num">
            {t("uploading.speed", { speed: format.bytes(all.speed) })}
            {all.left !== null && ` · ${t("uploading.left", { time: format.duration(Math.ceil(all.left)) })}`}
          </span>
        )}
      </div>
      <Bar
        label={t("uploading.progressOfAll")}
        value={all.size > 0 ? all.offset / all.size : done / items.length}
      />
    </>
  );
}
