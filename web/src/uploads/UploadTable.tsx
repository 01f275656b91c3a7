// Uploads as the server knows them.
import type { ComponentType, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { type Column, DataTable, type TableProps } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Badge } from "../ui/StateBadge";
import { Moment } from "../ui/time";
import { FileWarnings } from "./FileWarnings";

/** Longer ones scroll by themselves. */
const MOST_AT_ONCE = 20;

interface Props {
  uploads: UploadInfo[];
  /** How the kind is changed. A short table has none: it shows the kind as a word, and no path. */
  kindOf?(upload: UploadInfo): ReactNode;
  /** Shows a long one; without, all rows stand in the page. */
  Long?: ComponentType<TableProps<UploadInfo>>;
}

export function UploadTable({ uploads, kindOf, Long }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const progressOf = ({ offset, size }: UploadInfo) =>
    size == null ? format.bytes(offset) : format.percent(offset, size);
  const columns: Column<UploadInfo>[] = [
    {
      id: "filename",
      header: t("uploads.columns.name"),
      width: 165,
      cell: (upload) => (
        <span title={upload.filename}>
          <FileWarnings warnings={upload.warnings} /> {upload.filename}
        </span>
      ),
    },
    {
      id: "state",
      header: t("uploads.columns.state"),
      width: 165,
      cell: (upload) => (
        <Badge tone={upload.state === "finished" ? "completed" : "waiting"}>
          {upload.state === "uploading"
            ? t("uploads.incomplete", { percent: progressOf(upload) })
            : t(`uploads.states.${upload.state}`)}
        </Badge>
      ),
    },
    {
      id: "kind",
      header: t("uploads.columns.kind"),
      width: kindOf ? 124 : 80,
      minor: true,
      cell: (upload) => (kindOf ? kindOf(upload) : t(`kinds.${upload.kind}`)),
    },
    {
      id: "size",
      header: t("uploads.columns.size"),
      width: 100,
      align: "end",
      // Unknown of one whose client has yet to say it.
      cell: (upload) => (upload.size == null ? "–" : format.bytes(upload.size)),
    },
    {
      id: "created",
      header: t("uploads.columns.created"),
      width: 110,
      align: "end",
      cell: (upload) => <Moment at={upload.created_at} />,
    },
  ];
  if (kindOf) {
    columns.splice(3, 0, {
      id: "path",
      header: t("uploads.columns.path"),
      width: 240,
      minor: true,
      cell: (upload) => (
        <span className="qd-mono" title={upload.path ?? undefined}>
          {upload.path ?? "–"}
        </span>
      ),
    });
  }
  const table = {
    label: t("pages.uploads"),
    columns,
    rows: uploads,
    rowKey: (upload: UploadInfo) => upload.id,
  };
  return Long && uploads.length > MOST_AT_ONCE ? <Long {...table} /> : <DataTable {...table} />;
}
