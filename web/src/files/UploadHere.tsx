// Files dropped anywhere on a directory, or chosen, come to it; shows those on their way.
import { Button } from "@mantine/core";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Panel } from "../ui/Panel";
import { AllTogether } from "../uploads/AllTogether";
import { ChooseButtons, DropNotes } from "../uploads/DropZone";
import { UploadList } from "../uploads/UploadList";
import { uploadQueue, useUploadItems } from "../uploads/uploads";
import { useDrop } from "../uploads/use-drop";
import classes from "./files.module.css";

interface Props {
  space: string;
  path: string;
  /** The directory. */
  children: ReactNode;
}

export function UploadHere({ space, path, children }: Props) {
  const { t } = useTranslation();
  const target = useMemo(() => ({ space, directory: path }), [space, path]);
  const drop = useDrop(target, (files) => uploadQueue.add(files, target));
  const items = useUploadItems(
    useCallback((item) => item.target?.space === space && item.target.directory === path, [space, path]),
  );
  const finished = items.filter((item) => item.state === "finished");
  return (
    <div className={classes.here} data-over={drop.isOver || undefined} {...drop.handlers}>
      {drop.isOver && (
        <p className={classes.dropHint} aria-hidden>
          {t("uploading.dropAnywhere")}
        </p>
      )}
      <div className={classes.upload}>
        <span className="qd-dim">{t("files.dropAnywhere")}</span>
        <ChooseButtons onFiles={(files) => uploadQueue.add(files, target)} />
      </div>
      <DropNotes drop={drop} />
      {items.length > 0 && (
        <Panel
          title={t("uploading.list")}
          className={classes.underWay ?? ""}
          actions={
            finished.length > 0 && (
              <Button
                variant="subtle"
                size="compact-xs"
                onClick={() => void uploadQueue.removeAll(finished.map(({ key }) => key))}
              >
                {t("uploading.clearFinished")}
              </Button>
            )
          }
        >
          <AllTogether items={items} />
          <UploadList items={items} />
        </Panel>
      )}
      {children}
    </div>
  );
}
