// Uploads as the server knows them.
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Badge } from "../ui/StateBadge";
import { Moment } from "../ui/time";
import { KindOfUpload } from "./KindOfUpload";

interface Props {
  uploads: UploadInfo[];
  /** Without the path, and with the kind as a word. */
  short?: boolean;
}

export function UploadTable({ uploads, short }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
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
            ? t("uploads.incomplete", { percent: format.percent(upload.offset, upload.size) })
            : t(`uploads.states.${upload.state}`)}
        </Badge>
      ),
    },
    {
      id: "kind",
      header: t("uploads.columns.kind"),
      width: short ? 80 : 124,
      minor: true,
      cell: (upload) => (short ? t(`kinds.${upload.kind}`) : <KindOfUpload upload={upload} />),
    },
    {
      id: "size",
      header: t("uploads.columns.size"),
      width: 84,
      align: "end",
      cell: (upload) => format.bytes(upload.size),
    },
    {
      id: "created",
      header: t("uploads.columns.created"),
      width: 110,
      align: "end",
      cell: (upload) => <Moment at={upload.created_at} />,
    },
  ];
  if (!short) {
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
  return (
    <DataTable label={t("uploads.title")} columns={columns} rows={uploads} rowKey={(upload) => upload.id} />
  );
}
