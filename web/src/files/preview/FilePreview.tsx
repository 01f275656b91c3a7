// One file, shown as what its name says it is, and a button that saves it.
import { Button, SegmentedControl } from "@mantine/core";
import { IconDownload, IconFileUnknown, IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { TFunction } from "i18next";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import { useFormat } from "../../ui/format";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import { download, partQuery, wholeQuery } from "../content";
import { MAX_EDIT_BYTES } from "../edit/limit";
import type { Encoding } from "../encoding";
import { placeOf } from "../paths";
import { checksum, extract, isArchive, useBegin } from "../tasks";
import { imageType, type PreviewKind, previewKind } from "./kind";
import { LineList } from "./LineList";
import { linesOf } from "./lines";
import classes from "./preview.module.css";
import { TableCells } from "./TableCells";
import { cellsOf } from "./table";

interface Props {
  space: string;
  path: string;
  /** For display. */
  name: string;
  /** It is a directory, reached by a link. */
  onDirectory(): void;
}

const MAX_IMAGE_BYTES = 20 * 1024 * 1024;

export function FilePreview(props: Props) {
  const kind = previewKind(props.name);
  const [asText, setAsText] = useState(false);
  if (kind === "image") return <ImagePreview {...props} />;
  if (kind !== "table") return <TextPreview {...props} kind={kind} />;
  const views = <TableOrText asText={asText} onChange={setAsText} />;
  return asText ? (
    <TextPreview {...props} kind="text" tools={views} />
  ) : (
    <TablePreview {...props} tools={views} />
  );
}

function ImagePreview(props: Props) {
  const { space, path, name } = props;
  const { t } = useTranslation();
  const { data: part, error, refetch } = useQuery(wholeQuery(space, path, MAX_IMAGE_BYTES));
  const [url, setUrl] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    if (!part) return;
    const made = URL.createObjectURL(new Blob([part.bytes], { type: imageType(name) ?? "image/png" }));
    setUrl(made);
    setBroken(false);
    return () => URL.revokeObjectURL(made);
  }, [part, name]);
  return (
    <Frame {...props} size={part?.size} error={error} onRetry={() => void refetch()}>
      {part === undefined && !error && <LoadingRows rows={8} />}
      {part === null && <NotShown title={t("preview.tooLarge")} />}
      {broken && <NotShown title={t("preview.broken")} />}
      {part && url && !broken && (
        <div className={classes.image}>
          <img src={url} alt={name} onError={() => setBroken(true)} />
        </div>
      )}
    </Frame>
  );
}

function TextPreview({ kind, tools, ...props }: Props & { kind: PreviewKind; tools?: ReactNode }) {
  const { space, path, name } = props;
  const { t } = useTranslation();
  const format = useFormat();
  // Of a log the end tells most.
  const [end, setEnd] = useState<"first" | "last">(kind === "log" ? "last" : "first");
  const { data: part, error, refetch } = useQuery(partQuery(space, path, end));
  const lines = part && linesOf(part, kind === "log");
  const isCut = part ? part.bytes.length < part.size : false;
  return (
    <Frame
      {...props}
      size={part?.size}
      error={error}
      onRetry={() => void refetch()}
      tools={
        <>
          {tools}
          {(isCut || !part) && lines !== null && (
            <SegmentedControl
              aria-label={t("preview.part")}
              value={end}
              onChange={(value) => setEnd(value as "first" | "last")}
              data={[
                { value: "first", label: t("preview.first") },
                { value: "last", label: t("preview.last") },
              ]}
            />
          )}
        </>
      }
      editable={Boolean(lines?.encoding)}
      notes={[
        lines && encodingNote(t, lines.encoding),
        part && isCut && lines && t(`preview.cut.${end}`, { size: format.bytes(part.bytes.length) }),
      ]}
    >
      {!part && !error && <LoadingRows rows={8} />}
      {lines === null && <NotShown title={t("preview.notText")} />}
      {lines?.lines.length === 0 && <NotShown title={t("preview.nothing")} />}
      {lines && lines.lines.length > 0 && (
        <LineList key={end} label={name} lines={lines.lines} fromEnd={lines.fromEnd} atEnd={end === "last"} />
      )}
    </Frame>
  );
}

function TablePreview({ tools, ...props }: Props & { tools: ReactNode }) {
  const { space, path, name } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const { data: part, error, refetch } = useQuery(partQuery(space, path, "first"));
  const cells = part && cellsOf(part, name.toLowerCase().endsWith(".tsv"));
  return (
    <Frame
      {...props}
      size={part?.size}
      error={error}
      onRetry={() => void refetch()}
      tools={cells && tools}
      editable={Boolean(cells?.encoding)}
      notes={[
        cells && encodingNote(t, cells.encoding),
        cells?.cut && t("preview.tableCut", { rows: format.number(cells.rows.length) }),
      ]}
    >
      {!part && !error && <LoadingRows rows={8} />}
      {cells === null && <NotShown title={t("preview.notText")} />}
      {cells?.header.length === 0 && <NotShown title={t("preview.nothing")} />}
      {cells && cells.header.length > 0 && <TableCells label={name} cells={cells} />}
    </Frame>
  );
}

interface FrameProps extends Props {
  size: number | undefined;
  error: unknown;
  onRetry(): void;
  tools?: ReactNode;
  /** It is text, which can be written in. */
  editable?: boolean;
  /** How it was read, and what is not shown. */
  notes?: (string | null | undefined | false)[];
  children: ReactNode;
}

function Frame(props: FrameProps) {
  const { space, path, name, onDirectory, size, error, onRetry, tools } = props;
  const { editable = false, notes = [], children } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const [failure, setFailure] = useState<unknown>(null);
  const sum = useBegin((of: string) => checksum(space, of));
  const unpack = useBegin((of: string) => extract(space, of));
  const isDirectory = error ? asProblem(error).code === "is-a-directory" : false;
  useEffect(() => {
    if (isDirectory) onDirectory();
  }, [isDirectory, onDirectory]);
  const save = () => void download(space, path).then(() => setFailure(null), setFailure);
  return (
    <div>
      <div className={classes.tools}>
        {tools}
        <span className={classes.size}>{size !== undefined && format.bytes(size)}</span>
        {editable && size !== undefined && size <= MAX_EDIT_BYTES && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconPencil size={14} />}
            renderRoot={(rest) => (
              <Link
                to="/files/$space"
                params={{ space }}
                search={{ ...placeOf(path), edit: true }}
                {...rest}
              />
            )}
          >
            {t("fileEdit.edit")}
          </Button>
        )}
        {isArchive(name) && (
          <Button variant="default" size="xs" loading={unpack.isPending} onClick={() => unpack.mutate(path)}>
            {t("fileTasks.extract")}
          </Button>
        )}
        <Button variant="default" size="xs" loading={sum.isPending} onClick={() => sum.mutate(path)}>
          {t("fileTasks.checksum")}
        </Button>
        <Button variant="default" size="xs" leftSection={<IconDownload size={14} />} onClick={save}>
          {t("preview.download")}
        </Button>
      </div>
      {failure !== null && <ProblemNote error={failure} onRetry={save} />}
      {[unpack.error, sum.error].map(
        (failed) => failed && <ProblemNote key={failed.message} error={failed} />,
      )}
      {error ? <ProblemNote error={error} onRetry={onRetry} /> : null}
      {notes.some(Boolean) && <p className={classes.note}>{notes.filter(Boolean).join(" ")}</p>}
      {children}
    </div>
  );
}

function encodingNote(t: TFunction, encoding: Encoding | null): string | null {
  return encoding === "cp949" ? t("preview.cp949") : null;
}

function TableOrText({ asText, onChange }: { asText: boolean; onChange(asText: boolean): void }) {
  const { t } = useTranslation();
  return (
    <SegmentedControl
      aria-label={t("preview.view")}
      value={asText ? "text" : "table"}
      onChange={(value) => onChange(value === "text")}
      data={[
        { value: "table", label: t("preview.asTable") },
        { value: "text", label: t("preview.asText") },
      ]}
    />
  );
}

function NotShown({ title }: { title: string }) {
  return <Empty icon={<IconFileUnknown size={20} />} title={title} />;
}
