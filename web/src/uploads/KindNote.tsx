// Why a file is of its kind, and what to be careful with.
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { Badge } from "../ui/StateBadge";
import { uploadsQuery } from "./queries";

type Reason = UploadInfo["kind_reason"];

/** A reason that this page does not know yet is told as the server says it. */
export function useKindReason(): (reason: Reason) => string {
  const lookUp = useLookUp();
  return ({ code, params, text }) => lookUp(`uploads.reasons.${code}`, params) ?? text;
}

export function FileWarnings({ warnings }: Pick<UploadInfo, "warnings">) {
  const { t } = useTranslation();
  return warnings.map((warning) => (
    <Badge
      key={warning}
      tone="waiting"
      icon={<IconAlertTriangle size={14} stroke={2} />}
      title={t(`uploads.warningAdvice.${warning}`)}
    >
      {t(`uploads.warnings.${warning}`)}
    </Badge>
  ));
}

/** Of a file that the server has; nothing until it tells. */
export function KindNote({ uploadId }: { uploadId: string }) {
  const { t } = useTranslation();
  const reasonOf = useKindReason();
  const { data: upload } = useQuery({
    ...uploadsQuery,
    select: ({ items }) => items.find(({ id }) => id === uploadId),
  });
  if (!upload) return null;
  return (
    <>
      <span>
        {t("uploads.kindBecause", {
          kind: t(`kinds.${upload.kind}`),
          reason: reasonOf(upload.kind_reason),
        })}
      </span>
      <FileWarnings warnings={upload.warnings} />
    </>
  );
}
