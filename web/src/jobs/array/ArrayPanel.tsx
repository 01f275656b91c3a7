// What belongs together: the tasks of an array or the components of a heterogeneous job on the page of the whole, and the
// way back to it on the page of one.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job, JobDetail } from "../../api/types";
import { useFormat } from "../../ui/format";
import { LoadMore } from "../../ui/LoadMore";
import { Panel } from "../../ui/Panel";
import { JobStateBadge } from "../../ui/StateBadge";
import { ProblemNote } from "../../ui/states";
import { partOf } from "../filter";
import { jobQuery } from "../queries";
import { groupOf, isFinal, STATE_GROUPS } from "../states";
import { SweepRowOf } from "../sweep/SweepRowOf";
import classes from "./array.module.css";
import { PartActions } from "./PartActions";
import { PartGrid } from "./PartGrid";
import { useParts } from "./use-parts";

interface Props {
  cluster: string;
  job: JobDetail;
}

export function ArrayPanel({ cluster, job }: Props) {
  const part = partOf(job.job_id);
  if (part) return <Neighbours cluster={cluster} job={job} whole={part.whole} />;
  return job.job_id ? <Parts cluster={cluster} job={job} number={job.job_id} /> : null;
}

function Parts({ cluster, job, number }: Props & { number: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { parts, total, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useParts(
    cluster,
    job.id,
    number,
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (parts.length === 0) return null;
  const isArray = parts.some((part) => part.job_id?.includes("_"));
  const failed = parts.filter((part) => groupOf(part.state) === "failed");
  const select = (jobs: Job[]) => setChosen(new Set(jobs.map((part) => part.id)));
  const mayAct = isArray && job.actions.includes("cancel");
  return (
    <Panel
      className={classes.panel}
      title={t(isArray ? "array.tasks" : "array.components")}
      hint={t("array.started", { count: total, formatted: format.number(total) })}
    >
      <Counts parts={parts} />
      {mayAct && (
        <div className={classes.choose}>
          <Button size="xs" variant="default" onClick={() => select(parts)}>
            {t("array.selectAll")}
          </Button>
          {failed.length > 0 && (
            <Button size="xs" variant="default" onClick={() => select(failed)}>
              {t("array.selectFailed")}
            </Button>
          )}
          <PartActions
            cluster={cluster}
            number={number}
            chosen={parts.filter((part) => chosen.has(part.id))}
          />
        </div>
      )}
      <PartGrid
        cluster={cluster}
        parts={parts}
        chosen={mayAct ? chosen : null}
        onChoose={setChosen}
        label={t(isArray ? "array.tasks" : "array.components")}
      />
      {hasNextPage && <LoadMore busy={isFetchingNextPage} onMore={() => void fetchNextPage()} />}
      {isArray && !isFinal(job.state) && <p className={classes.note}>{t("array.waiting")}</p>}
    </Panel>
  );
}

/** How many stand how: a bar, and the same in words. */
function Counts({ parts }: { parts: Job[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const groups = [...STATE_GROUPS, "unknown" as const]
    .map((group) => ({ group, count: parts.filter((part) => groupOf(part.state) === group).length }))
    .filter(({ count }) => count > 0);
  return (
    <div className={classes.counts}>
      <div className={classes.bar} aria-hidden>
        {groups.map(({ group, count }) => (
          <span key={group} data-tone={group} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className={classes.legend}>
        {groups.map(({ group, count }) => (
          <li key={group} data-tone={group}>
            {t(`states.group.${group}`)} {format.number(count)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Neighbours({ cluster, job, whole }: Props & { whole: string }) {
  const { t } = useTranslation();
  const { data: parent } = useQuery(jobQuery(cluster, whole));
  return (
    <Panel
      className={classes.panel}
      title={t(job.job_id?.includes("_") ? "array.partOfArray" : "array.partOfJob")}
    >
      <nav className={classes.neighbours} aria-label={t("array.whole", { id: whole })}>
        <Link
          className="qd-link"
          to="/clusters/$cluster/jobs/$job"
          params={{ cluster, job: parent?.id ?? whole }}
        >
          {t("array.whole", { id: whole })}
        </Link>
        {parent && <JobStateBadge state={parent.state} />}
        {parent && <BothSides cluster={cluster} job={job} parent={parent.id} whole={whole} />}
      </nav>
      {parent?.sweep && <SweepRowOf cluster={cluster} job={job} />}
    </Panel>
  );
}

function BothSides(props: { cluster: string; job: Job; parent: string; whole: string }) {
  const { cluster, job, parent, whole } = props;
  const { t } = useTranslation();
  const { parts } = useParts(cluster, parent, whole);
  const at = parts.findIndex((part) => part.id === job.id);
  if (at < 0) return null;
  const sides = [
    { key: "previous", part: parts[at - 1] },
    { key: "next", part: parts[at + 1] },
  ] as const;
  return sides.map(
    ({ key, part }) =>
      part && (
        <Link
          key={key}
          className="qd-link"
          to="/clusters/$cluster/jobs/$job"
          params={{ cluster, job: part.id }}
        >
          {t(`array.${key}`, { id: part.job_id })}
        </Link>
      ),
  );
}
