// Uploads as the server knows them.
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { ScrollingTable } from "../ui/ScrollingTable";
import { Badge } from "../ui/StateBadge";
import { Moment } from "../ui/time";
import classes from "./uploads.module.css";

/** Longer ones scroll by themselves. */
const LONG = 20;

interface Props {
  uploads: UploadInfo[];
  /** How the kind is changed. A short table has none: it shows the kind as a word, and no path. */
  kindOf?(upload: UploadInfo): ReactNode;
}

export function UploadTable({ uploads, kindOf }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const progressOf = ({ offset, size }: UploadInfo) =>
    size == null ? format.bytes(offset) : format.percent(offset, size);
  const columns: Column<UploadInfo>[] = [
    {
      id: "filename",
      header: t("uploads.columns.name"),
      width: 190,
      cell: (upload) => <span title={upload.filename}>{upload.filename}</span>,
    },
    {
      id: "state",
      header: t("uploads.columns.state"),
      width: 140,
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
      width: 84,
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
  if (uploads.length <= LONG) return <DataTable {...table} />;
  return (
    <div className={classes.longTable}>
      <ScrollingTable {...table} />
    </div>
  );
}
