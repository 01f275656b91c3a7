// The columns of every list of files; the page says where a name leads.
import { IconFile, IconFolder, IconLink } from "@tabler/icons-react";
import { type ReactNode, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../api/types";
import type { Column } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Moment } from "../ui/time";
import classes from "./files.module.css";
import { modeOf, modeText } from "./permissions/mode";
import { usePermissionWords } from "./permissions/words";

const ICONS = { file: IconFile, directory: IconFolder, link: IconLink, other: IconFile } as const;

/** `linked` is kept by the caller; `null` where a name leads nowhere. */
export function useFileColumns(linked: (entry: FileEntry) => ReactNode | null): Column<FileEntry>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const words = usePermissionWords();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("files.columns.name"),
        width: 175,
        cell: (entry) => <EntryName kind={entry.kind} name={entry.name} link={linked(entry)} />,
      },
      {
        id: "size",
        header: t("files.columns.size"),
        width: 105,
        align: "end",
        cell: (entry) =>
          entry.kind === "file" ? format.bytes(entry.size) : <span className="qd-dim">–</span>,
      },
      {
        id: "mode",
        header: t("files.columns.mode"),
        width: 100,
        minor: true,
        cell: (entry) => {
          const inWords = words.each(entry.mode, entry.kind === "directory");
          return (
            <span title={inWords}>
              <span className="qd-mono" aria-hidden>
                {modeText(modeOf(entry.mode))}
              </span>
              <span className="qd-unseen">{inWords}</span>
            </span>
          );
        },
      },
      {
        id: "modified",
        header: t("files.columns.modified"),
        width: 170,
        align: "end",
        cell: (entry) => <Moment at={entry.modified_at} />,
      },
    ],
    [linked, t, format, words],
  );
}

interface EntryNameProps {
  kind: FileEntry["kind"];
  name: string;
  link: ReactNode | null;
}

export function EntryName({ kind, name, link }: EntryNameProps) {
  const Icon = ICONS[kind];
  return (
    <span className={classes.entry}>
      <Icon size={16} aria-hidden className={kind === "directory" ? classes.directory : classes.file} />
      {link ?? (
        <span title={name} className="qd-truncate">
          {name}
        </span>
      )}
    </span>
  );
}
