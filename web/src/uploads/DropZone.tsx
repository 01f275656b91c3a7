// Takes files and folders, dropped or chosen.
import { Button } from "@mantine/core";
import { IconFolder, IconUpload } from "@tabler/icons-react";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../ui/format";
import type { Chosen, Target } from "./upload-item";
import classes from "./uploads.module.css";
import { type Drop, useDrop } from "./use-drop";

interface Props {
  target: Target | null;
  onFiles(files: (File | Chosen)[]): void;
}

export function DropZone({ target, onFiles }: Props) {
  const { t } = useTranslation();
  const drop = useDrop(target, onFiles);
  const hint = useId();
  return (
    <div className={classes.drop} data-over={drop.isOver || undefined} {...drop.handlers}>
      <IconUpload size={18} className={classes.dropIcon} aria-hidden />
      <span id={hint}>{t("uploading.dropHere")}</span>
      <ChooseButtons describedBy={hint} onFiles={onFiles} />
      <DropNotes drop={drop} />
    </div>
  );
}

/** No standard, so unknown to the types, but in every browser. */
const OF_FOLDERS = { webkitdirectory: "" };

/** Two buttons: browsers choose either files or a folder. */
export function ChooseButtons({
  describedBy,
  labelled = true,
  onFiles,
}: {
  describedBy?: string;
  /** Whether its inputs are those that the page's labels mean: a page may have the buttons twice. */
  labelled?: boolean;
  onFiles(files: File[]): void;
}) {
  const { t } = useTranslation();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const chosen = (input: HTMLInputElement) => {
    onFiles([...(input.files ?? [])]);
    // So that the same file can be chosen again.
    input.value = "";
  };
  return (
    <div className={classes.choose}>
      <Button variant="default" onClick={() => files.current?.click()} aria-describedby={describedBy}>
        {t("uploading.choose")}
      </Button>
      <Button
        variant="default"
        leftSection={<IconFolder size={16} />}
        onClick={() => folder.current?.click()}
        aria-describedby={describedBy}
      >
        {t("uploading.chooseFolder")}
      </Button>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label={labelled ? t("uploading.files") : t("uploading.filesAgain")}
        onChange={(event) => chosen(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        {...OF_FOLDERS}
        hidden
        aria-label={labelled ? t("uploading.folder") : t("uploading.folderAgain")}
        onChange={(event) => chosen(event.currentTarget)}
      />
    </div>
  );
}

/** What a drop is coming to, or could not come to. */
export function DropNotes({ drop }: { drop: Drop }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <>
      {drop.reading !== null && (
        <p className={classes.note} role="status">
          {t("uploading.reading", { number: format.number(drop.reading) })}
        </p>
      )}
      {drop.made > 0 && (
        <p className={classes.note} role="status">
          {t("uploading.emptyMade", { number: format.number(drop.made) })}
        </p>
      )}
      {drop.unread.length > 0 && (
        <p className={classes.leftOut} role="alert">
          {t("uploading.unread", { names: drop.unread.slice(0, 5).join(", "), number: drop.unread.length })}
        </p>
      )}
    </>
  );
}
