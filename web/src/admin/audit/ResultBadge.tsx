// How a deed ended, by colour, word and icon.
import { IconBan, IconCheck, IconClock, IconHelp, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { AuditResult } from "../../api/types";
import { Badge, type Tone } from "../../ui/StateBadge";

const LOOKS: Record<AuditResult, { tone: Tone; icon: ReactNode }> = {
  done: { tone: "completed", icon: <IconCheck size={14} stroke={2.4} /> },
  refused: { tone: "waiting", icon: <IconBan size={14} stroke={2} /> },
  failed: { tone: "failed", icon: <IconX size={14} stroke={2.4} /> },
  unknown: { tone: "unknown", icon: <IconHelp size={14} stroke={2} /> },
  pending: { tone: "running", icon: <IconClock size={14} stroke={2} /> },
};

export function ResultBadge({ result }: { result: AuditResult }) {
  const { t } = useTranslation();
  return (
    <Badge tone={LOOKS[result].tone} icon={LOOKS[result].icon}>
      {t(`audit.results.${result}`)}
    </Badge>
  );
}
