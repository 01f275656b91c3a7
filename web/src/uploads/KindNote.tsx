// Why a file is of its kind, and what to be careful with.
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { FileWarnings } from "./FileWarnings";
import { useUploadOf } from "./use-upload";

type Reason = UploadInfo["kind_reason"];

/** A reason that this page does not know yet is told as the server says it. */
export function useKindReason(): (reason: Reason) => string {
  const lookUp = useLookUp();
  return ({ code, params, text }) => lookUp(`uploading.reasons.${code}`, params) ?? text;
}

/** Of a file that the server has; nothing until it tells. */
export function KindNote({ uploadId }: { uploadId: string }) {
  const { t } = useTranslation();
  const reasonOf = useKindReason();
  const upload = useUploadOf(uploadId);
  if (!upload) return null;
  return (
    <>
      <span>
        {t("uploading.kindBecause", {
          kind: t(`kinds.${upload.kind}`),
          reason: reasonOf(upload.kind_reason),
        })}
      </span>
      <FileWarnings warnings={upload.warnings} />
    </>
  );
}
