// What to be careful with when a file is run, opened or loaded.
import { IconAlertTriangle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { UploadInfo } from "../api/types";
import { Badge } from "../ui/StateBadge";

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
