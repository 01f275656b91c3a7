// Why a job waits or failed: each finding of the server's as a sentence, what to do about it, and the line of the
// output that says so.
import { Anchor } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Finding, JobDetail } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { LoadingRows, ProblemNote } from "../ui/states";
import { useNow } from "../ui/use-now";
import classes from "./jobs.module.css";
import { whyQuery } from "./queries";
import { groupOf } from "./states";

interface Props {
  cluster: string;
  job: JobDetail;
}

/** Nothing where all is well. */
export function WhyPanel({ cluster, job }: Props) {
  const { t } = useTranslation();
  const group = groupOf(job.state);
  const explained = group !== "running" && group !== "completed";
  const { data: why, error, refetch } = useQuery({ ...whyQuery(cluster, job), enabled: explained });
  if (!explained) return null;
  if (why && why.items.length === 0 && !why.starts_at && !job.message) return null;
  const title = t(`why.titles.${group === "waiting" || group === "failed" ? group : "ended"}`);
  const word = job.reason && job.reason !== "None" ? job.reason : null;
  return (
    <Panel title={title} hint={word && <span className="qd-mono">{word}</span>} className={classes.why}>
      {!why && !error && <LoadingRows rows={1} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {why && (
        <ul className={classes.findings}>
          {why.items.map((finding) => (
            <FindingItem key={finding.code} cluster={cluster} job={job} finding={finding} />
          ))}
        </ul>
      )}
      {why?.starts_at && <ExpectedStart at={why.starts_at} />}
      {job.message && <p className={`${classes.message} qd-mono`}>{job.message}</p>}
    </Panel>
  );
}

function FindingItem({ cluster, job, finding }: Props & { finding: Finding }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { what, advice } = useFindingText()(finding);
  const tone = groupOf(job.state);
  const Icon = tone === "failed" || tone === "unknown" ? IconAlertTriangle : IconInfoCircle;
  const { count, fits_minutes: fits } = finding.params;
  return (
    <li className={classes.finding} data-tone={tone}>
      <Icon size={17} aria-hidden />
      <div>
        <p className={classes.what}>{what}</p>
        {typeof count === "number" && <p>{t("why.ahead", { count, formatted: format.number(count) })}</p>}
        {finding.line && (
          <>
            <code className={`${classes.evidence} qd-mono`}>{finding.line.text}</code>
            <Anchor
              size="xs"
              renderRoot={(props) => (
                <Link
                  to="/clusters/$cluster/jobs/$job"
                  params={{ cluster, job: job.id }}
                  search={
                    finding.line?.stream === "stderr"
                      ? { tab: "output", stream: "stderr" }
                      : { tab: "output" }
                  }
                  {...props}
                />
              )}
            >
              {t("why.inOutput", { number: format.number(finding.line.from_end) })}
            </Anchor>
          </>
        )}
        {advice && <p>{advice}</p>}
        {typeof fits === "number" && job.mine && <ShorterJob cluster={cluster} job={job} minutes={fits} />}
      </div>
    </li>
  );
}

/** A form with the same template and partition, and a limit that fits before the maintenance. */
function ShorterJob({ cluster, job, minutes }: Props & { minutes: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const template = job.template?.split("@")[0];
  const resources = { time_limit_minutes: minutes, ...(job.partition ? { partition: job.partition } : {}) };
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          to="/clusters/$cluster/new-job"
          params={{ cluster }}
          search={
            template ? { template, name: job.name, resources } : { mode: "script", name: job.name, resources }
          }
          {...props}
        />
      )}
    >
      {t("why.newJobOf", { limit: format.duration(minutes * 60) })}
    </Anchor>
  );
}

function ExpectedStart({ at }: { at: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const now = useNow();
  return (
    <p className={classes.message}>
      {t("why.startsAt", { ago: format.ago(at, now), time: format.moment(at) })}
    </p>
  );
}

/** What a finding says, and what to do. A code that this page does not know yet shows itself. */
function useFindingText(): (finding: Finding) => { what: string; advice: string | null } {
  const lookUp = useLookUp();
  const format = useFormat();
  return ({ code, params }) => {
    const shown = Object.fromEntries(
      Object.entries(params).map(([name, value]) => {
        if (name.endsWith("_at") && typeof value === "string") return [name, format.moment(value)];
        if (name.endsWith("_minutes") && typeof value === "number")
          return [name, format.duration(value * 60)];
        if (name === "resource") return [name, lookUp(`why.resources.${value}`) ?? value];
        if (name === "of") return [name, lookUp(`why.of.${value}`) ?? value];
        return [name, value];
      }),
    );
    const what = lookUp(`why.codes.${code}.what`, shown) ?? lookUp("why.codes.other.what", { reason: code });
    return { what: what ?? code, advice: lookUp(`why.codes.${code}.advice`, shown) };
  };
}
