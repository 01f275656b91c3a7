// Submitted, started, ended: when, and how long each step took.
import { IconCheck, IconClock, IconPlayerPlay, IconSend, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../api/types";
import { Elapsed, Moment } from "../ui/time";
import classes from "./jobs.module.css";
import { signalOf } from "./signal-of";
import { groupOf } from "./states";

export function JobTimeline({ job }: { job: JobDetail }) {
  const { t } = useTranslation();
  const group = groupOf(job.state);
  const over = group !== "waiting" && group !== "running";
  const endTone = group === "completed" ? "completed" : group === "failed" ? "failed" : "cancelled";
  return (
    <ol className={classes.timeline}>
      <Step
        tone="cancelled"
        icon={<IconSend size={12} />}
        what={t("jobs.steps.submitted")}
        at={job.submitted_at}
      />
      {job.started_at ? (
        <Step
          tone="running"
          icon={<IconPlayerPlay size={12} />}
          what={t("jobs.steps.started")}
          at={job.started_at}
          note={
            <>
              {t("jobs.steps.waited")} <Elapsed from={job.submitted_at} to={job.started_at} />
            </>
          }
        />
      ) : (
        !over && (
          <Step
            tone="waiting"
            icon={<IconClock size={12} />}
            what={t("jobs.steps.waiting")}
            note={<Elapsed from={job.submitted_at} to={null} />}
          />
        )
      )}
      {over ? (
        <Step
          tone={endTone}
          icon={group === "completed" ? <IconCheck size={12} /> : <IconX size={12} />}
          what={t("jobs.steps.ended")}
          at={job.ended_at}
          note={
            <>
              {job.started_at && (
                <>
                  {t("jobs.steps.ran")} <Elapsed from={job.started_at} to={job.ended_at ?? job.started_at} />
                </>
              )}
              <ExitStatus job={job} />
            </>
          }
        />
      ) : (
        <Step
          tone="none"
          what={t("jobs.steps.notEnded")}
          note={
            job.started_at ? (
              <>
                {t("jobs.steps.running")} <Elapsed from={job.started_at} to={null} />
              </>
            ) : null
          }
        />
      )}
    </ol>
  );
}

function ExitStatus({ job }: { job: JobDetail }) {
  const { t } = useTranslation();
  const signal = signalOf(job);
  if (signal) return <> · {t("jobs.endedBySignal", { signal: String(signal) })}</>;
  if (job.exit_code !== null && job.exit_code !== undefined && job.parts)
    return <> · {t("array.highestExitCode", { code: String(job.exit_code) })}</>;
  if (job.exit_code !== null && job.exit_code !== undefined)
    return <> · {t("jobs.exitCode", { code: String(job.exit_code) })}</>;
  return null;
}

interface StepProps {
  tone: "cancelled" | "waiting" | "running" | "completed" | "failed" | "none";
  icon?: ReactNode;
  what: string;
  at?: string | null;
  note?: ReactNode;
}

function Step({ tone, icon, what, at, note }: StepProps) {
  return (
    <li className={classes.step}>
      <span className={classes.stepMark} data-tone={tone} aria-hidden>
        {icon}
      </span>
      <span className={classes.stepWhat}>
        <span>{what}</span>
        {at && <Moment at={at} />}
      </span>
      {note && <span className={classes.stepNote}>{note}</span>}
    </li>
  );
}
