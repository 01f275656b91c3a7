// What a page shows instead of its data: nothing yet, nothing at all, old data, a failure.
import { Button, Skeleton } from "@mantine/core";
import { IconAlertTriangle, IconCloudOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import type { Fallback } from "../api/types";
import { useFormat } from "./format";
import { useProblemText } from "./problem-text";
import classes from "./states.module.css";
import { useNow } from "./use-now";

/** Rows of the height that the data will have, so that nothing jumps when it comes. */
export function LoadingRows({ rows = 6, height = 34 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("common.loading")}>
      {[...Array(rows).keys()].map((row) => (
        <div key={row} className={classes.loadingRow} style={{ height }}>
          <Skeleton height={10} width={`${[38, 52, 30, 46][row % 4]}%`} />
        </div>
      ))}
    </div>
  );
}

interface EmptyProps {
  icon: ReactNode;
  title: string;
  /** What to do next. */
  children?: ReactNode;
  actions?: ReactNode;
}

export function Empty({ icon, title, children, actions }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <div className={classes.emptyIcon} aria-hidden>
        {icon}
      </div>
      <p className={classes.emptyTitle}>{title}</p>
      {children && <div className={classes.emptyText}>{children}</div>}
      {actions && <div className={classes.emptyActions}>{actions}</div>}
    </div>
  );
}

interface ProblemProps {
  error: unknown;
  onRetry?: () => void;
  /** In place of the error's own first line. */
  title?: string;
  /** In place of what the error says that one should do; `null`: nothing. */
  advice?: string | null;
}

/** A failed request: what happened, what to do, and the id to ask an administrator about. */
export function ProblemNote({ error, onRetry, title, advice }: ProblemProps) {
  const { t } = useTranslation();
  const problem = asProblem(error);
  const text = useProblemText()(problem);
  const toDo = advice === undefined ? text.advice : advice;
  return (
    <div className={classes.problem} role="alert">
      <IconAlertTriangle size={18} className={classes.problemIcon} aria-hidden />
      <div className={classes.problemWords}>
        <p className={classes.problemTitle}>{title ?? text.title}</p>
        {title && <p>{text.title}</p>}
        {toDo && <p>{toDo}</p>}
        {problem.requestId && (
          <p className="qd-dim">
            {t("problem.requestId")} <span className="qd-mono">{problem.requestId}</span>
          </p>
        )}
      </div>
      {onRetry && (
        <Button variant="default" onClick={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

interface StaleProps {
  asOf: string | null | undefined;
  stale: boolean | undefined;
  reason: string | null | undefined;
  /** Another source than the site's first is read, since when and why. */
  fallback?: Fallback | null;
}

/** Says that what is shown is old, how old, and why, or from where else it comes; nothing while all is well. */
export function StaleNote({ asOf, stale, reason, fallback }: StaleProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(stale === true);
  const reasonText = useProblemText().stale(reason);
  const fallbackText = useFallbackText(fallback);
  if (!stale && !fallbackText) return null;
  const age = asOf ? t("stale.shownFrom", { age: format.ago(asOf, now) }) : t("stale.shown");
  return <StaleLine>{stale ? `${age} ${reasonText}` : fallbackText}</StaleLine>;
}

/** One line that says that something is old or missing. */
export function StaleLine({ children }: { children: ReactNode }) {
  return (
    <div className={classes.stale} role="status">
      <IconCloudOff size={16} className={classes.staleIcon} aria-hidden />
      <span className={classes.staleWords}>{children}</span>
    </div>
  );
}

/** Since when and why Slurm's commands are read in the place of slurmrestd; empty where they are not. */
export function useFallbackText(fallback: Fallback | null | undefined): string {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow(Boolean(fallback));
  if (!fallback) return "";
  const since = { time: format.moment(fallback.since), age: format.ago(fallback.since, now) };
  return `${t("fallback.note", since)} ${t("fallback.reason", { reason: fallback.reason })}`;
}
