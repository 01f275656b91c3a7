// Part three: the job's files, brought right here, and checked against what the template asks for.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Template } from "../../api/types";
import { useText } from "../../i18n/use-text";
import { useFollowUploads } from "../../live/follow-uploads";
import { useFormat } from "../../ui/format";
import { metaQuery, uploadsQuery } from "../../uploads/queries";
import { UnifiedUploader } from "../../uploads/UnifiedUploader";
import type { UploadItem } from "../../uploads/upload-item";
import { type FileNote, notesOf } from "./file-notes";
import { checkFiles, type FileChoice } from "./form";
import classes from "./new-job.module.css";
import { Part } from "./Part";

interface Props {
  number: number;
  template: Template | null;
  /** What is asked for is known. */
  settled: boolean;
  files: FileChoice[];
  items: readonly UploadItem[];
  error: string | null;
  /** What the server said of the file at this place in the submission. */
  errorOf(file: FileChoice): string | null;
  onAdded(keys: string[]): void;
  onChoose(upload: { id: string; filename: string; kind: string }): void;
  onRename(file: FileChoice, as: string): void;
  onRemove(file: FileChoice): void;
}

export function FilesPart(props: Props) {
  const { t } = useTranslation();
  const { template, files, items, error, errorOf, onAdded, onRename, onRemove } = props;
  const checks = checkFiles(template?.files ?? [], files);
  const missing = checks.filter(({ wanted, by }) => wanted.required && !by).length;
  const { data: meta } = useQuery(metaQuery);
  const notes = (file: FileChoice) =>
    notesOf(
      { ...file, size: items.find(({ key }) => key === file.key)?.size ?? null },
      files,
      template?.files ?? [],
      meta?.upload.max_size ?? null,
    );
  const choiceOf = (item: UploadItem) => files.find((file) => file.key === item.key);
  const nameField = (file: FileChoice) => {
    const said = notes(file);
    return (
      <>
        <TextInput
          className={classes.as}
          aria-label={t("newJob.nameInJobOf", { name: file.filename })}
          placeholder={t("newJob.nameInJob", { name: file.filename })}
          value={file.as}
          error={errorOf(file) ?? said.some(({ isError }) => isError)}
          onChange={(event) => onRename(file, event.currentTarget.value)}
        />
        <Notes notes={said} />
      </>
    );
  };
  const isReady = (file: FileChoice) => file.finished && !notes(file).some(({ isError }) => isError);
  return (
    <Part
      number={props.number}
      title={t("newJob.files")}
      done={props.settled && missing === 0 && !error && files.every(isReady)}
      hint={template && template.files.length === 0 && t("newJob.noFilesNeeded")}
    >
      {error && <p className={classes.error}>{error}</p>}
      {checks.length > 0 && <Wanted checks={checks} onRename={onRename} />}
      <UnifiedUploader
        items={items}
        onAdded={onAdded}
        extraFor={(item) => {
          const file = choiceOf(item);
          return file && nameField(file);
        }}
        onRemove={(item) => {
          const file = choiceOf(item);
          if (file) onRemove(file);
        }}
      />
      {files
        .filter((file) => file.key === null)
        .map((file) => (
          <div key={file.upload} className={classes.earlier}>
            <IconCircleCheck size={16} className={classes.met} aria-hidden />
            <span className={classes.earlierName}>{file.filename}</span>
            {nameField(file)}
            <Button variant="subtle" size="compact-xs" onClick={() => onRemove(file)}>
              {t("newJob.removeFile")}
            </Button>
          </div>
        ))}
      <EarlierUploads files={files} onChoose={props.onChoose} />
    </Part>
  );
}

/** Told beside the file, as soon as it is there. */
function Notes({ notes }: { notes: FileNote[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (notes.length === 0) return null;
  return (
    <ul className={classes.fileNotes}>
      {notes.map(({ code, isError, params }) => (
        <li key={code} className={isError ? classes.error : undefined}>
          {t(`newJob.fileNotes.${code}`, {
            ...params,
            kind: params.kind ? t(`kinds.${params.kind as "data"}`) : "",
            size: params.bytes === undefined ? "" : format.bytes(params.bytes),
          })}
        </li>
      ))}
    </ul>
  );
}

function Wanted({
  checks,
  onRename,
}: {
  checks: ReturnType<typeof checkFiles>;
  onRename: Props["onRename"];
}) {
  const { t } = useTranslation();
  const text = useText();
  return (
    <ul className={classes.wanted} aria-label={t("newJob.wantedFiles")}>
      {checks.map(({ wanted, by, candidate }) => (
        <li key={wanted.name}>
          {by ? (
            <IconCircleCheck size={16} className={classes.met} aria-label={t("newJob.fileThere")} />
          ) : (
            <IconCircleDashed size={16} className={classes.unmet} aria-label={t("newJob.fileMissing")} />
          )}
          <span>
            <span className="qd-mono">{wanted.name}</span> — {text(wanted.label)}{" "}
            <span className="qd-dim">
              {t(`kinds.${wanted.kind as "data"}`)},{" "}
              {wanted.required ? t("newJob.required") : t("newJob.optional")}
              {wanted.required && !by && <b className={classes.missing}> · {t("newJob.fileMissing")}</b>}
              {text(wanted.help) && ` · ${text(wanted.help)}`}
            </span>
          </span>
          {!by && candidate && (
            <Button variant="light" size="compact-xs" onClick={() => onRename(candidate, wanted.name)}>
              {t("newJob.useAs", { file: candidate.filename, name: wanted.name })}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

function EarlierUploads({ files, onChoose }: Pick<Props, "files" | "onChoose">) {
  const { t } = useTranslation();
  useFollowUploads();
  const { data } = useQuery(uploadsQuery);
  const taken = new Set(files.map((file) => file.upload));
  const free = data?.items.filter((upload) => upload.state === "finished" && !taken.has(upload.id)) ?? [];
  if (free.length === 0) return null;
  return (
    <NativeSelect
      className={classes.fromEarlier}
      aria-label={t("newJob.earlier")}
      value=""
      onChange={(event) => {
        const upload = free.find(({ id }) => id === event.currentTarget.value);
        if (upload) onChoose(upload);
      }}
      data={[
        { value: "", label: t("newJob.earlier") },
        ...free.map(({ id, filename }) => ({ value: id, label: filename })),
      ]}
    />
  );
}
