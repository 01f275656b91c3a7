// A state by colour, word and icon: of a job, of a node, of an upload.
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconClock,
  IconHelp,
  IconPlayerPlay,
  IconX,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useLookUp } from "../i18n/use-look-up";
import { groupOf, isKnownState, type StateGroup } from "../jobs/states";
import classes from "./StateBadge.module.css";

export type Tone = StateGroup;

const ICONS: Record<Tone, ReactNode> = {
  waiting: <IconClock size={14} stroke={2} />,
  running: <IconPlayerPlay size={14} stroke={2} />,
  completed: <IconCheck size={14} stroke={2.4} />,
  failed: <IconX size={14} stroke={2.4} />,
  cancelled: <IconBan size={14} stroke={2} />,
  unknown: <IconHelp size={14} stroke={2} />,
};

interface BadgeProps {
  tone: Tone;
  children: ReactNode;
  icon?: ReactNode;
  /** The scheduler's own word. */
  title?: string;
}

export function Badge({ tone, children, icon, title }: BadgeProps) {
  return (
    <span className={classes.badge} data-tone={tone} title={title}>
      <span className={classes.icon} aria-hidden>
        {icon ?? ICONS[tone]}
      </span>
      <span className={classes.word}>{children}</span>
    </span>
  );
}

export function JobStateBadge({ state }: { state: string }) {
  const { t } = useTranslation();
  return (
    <Badge tone={groupOf(state)} title={state}>
      {isKnownState(state) ? t(`states.job.${state}`) : state}
    </Badge>
  );
}

const NODE_TONES: Record<string, Tone> = {
  idle: "completed",
  mixed: "running",
  allocated: "running",
  completing: "running",
  reserved: "waiting",
  planned: "waiting",
  maint: "waiting",
  drained: "cancelled",
  draining: "waiting",
  drain: "cancelled",
  down: "failed",
  error: "failed",
  fail: "failed",
  unknown: "unknown",
};

export function toneOfNode(state: string): Tone {
  return NODE_TONES[state.toLowerCase()] ?? "unknown";
}

/** The sign alone, where the words are told elsewhere. */
export function NodeStateIcon({ state }: { state: string }) {
  const tone = toneOfNode(state);
  return <span aria-hidden>{tone === "cancelled" ? <IconAlertTriangle size={14} /> : ICONS[tone]}</span>;
}

export function NodeStateBadge({ state }: { state: string }) {
  const lookUp = useLookUp();
  const tone = toneOfNode(state);
  return (
    <Badge
      tone={tone}
      title={state}
      icon={tone === "cancelled" ? <IconAlertTriangle size={14} /> : undefined}
    >
      {lookUp(`states.node.${state.toLowerCase()}`) ?? state}
    </Badge>
  );
}
