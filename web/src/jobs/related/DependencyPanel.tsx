// What a job waits for and what waits for it, drawn from left to right: each a link, with its state and the condition.

import { IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { JobDependency, JobDetail } from "../../api/types";
import { useLookUp } from "../../i18n/use-look-up";
import { Panel } from "../../ui/Panel";
import { JobStateBadge } from "../../ui/StateBadge";
import { nameOf } from "../name";
import { dependenciesQuery } from "./queries";
import classes from "./related.module.css";

interface Props {
  cluster: string;
  job: JobDetail;
}

/** Nothing where the job is bound to no other. */
export function DependencyPanel({ cluster, job }: Props) {
  const { t } = useTranslation();
  const { data } = useQuery(dependenciesQuery(cluster, job));
  if (!data || data.before.length + data.after.length === 0) return null;
  const never = data.before.filter(({ standing }) => standing === "never");
  const neverAfter = data.after.filter(({ standing }) => standing === "never");
  const numbers = neverAfter.map((link) => link.job?.job_id ?? link.on).join(", ");
  return (
    <Panel title={t("related.dependencies")} className={classes.panel}>
      {never.map((link) => (
        <p key={`${link.type} ${link.on}`} className={classes.never} role="status">
          {t("related.never", { id: link.on })}
        </p>
      ))}
      {neverAfter.length > 0 && (
        <p className={classes.never} role="status">
          {t("related.neverAfter", { jobs: numbers })}
        </p>
      )}
      <div className={classes.graph}>
        {data.before.length > 0 && (
          <Side cluster={cluster} label={t("related.waitsFor")} links={data.before} side="before" />
        )}
        <div className={classes.this}>
          <span className={classes.quiet}>{t("related.thisJob")}</span>
          <span className={classes.name}>{nameOf(job)}</span>
          <JobStateBadge state={job.state} />
        </div>
        {data.after.length > 0 && (
          <Side cluster={cluster} label={t("related.waitedForBy")} links={data.after} side="after" />
        )}
      </div>
    </Panel>
  );
}

function Side(props: { cluster: string; label: string; links: JobDependency[]; side: "before" | "after" }) {
  const { cluster, label, links, side } = props;
  return (
    <ul className={classes.side} aria-label={label}>
      {links.map((link) => (
        <li key={`${link.type} ${link.on} ${link.job?.id}`} className={classes.link} data-side={side}>
          <Node cluster={cluster} link={link} />
          <Edge link={link} />
        </li>
      ))}
    </ul>
  );
}

function Node({ cluster, link }: { cluster: string; link: JobDependency }) {
  const { t } = useTranslation();
  const { job } = link;
  if (!job) return <span className={classes.node}>{t("related.unknownJob", { id: link.on })}</span>;
  return (
    <span className={classes.node}>
      <Link
        className={`qd-link ${classes.name}`}
        to="/clusters/$cluster/jobs/$job"
        params={{ cluster, job: job.id }}
      >
        {nameOf(job)}
      </Link>
      <span className={classes.line}>
        <span className="qd-dim qd-num">{job.job_id ?? link.on}</span>
        <JobStateBadge state={job.state} />
      </span>
    </span>
  );
}

function Edge({ link }: { link: JobDependency }) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  return (
    <span className={classes.edge} data-standing={link.standing}>
      <span className={classes.words}>
        {lookUp(`related.kinds.${link.type}`) ?? link.type}
        <span className={classes.standing}>{t(`related.standings.${link.standing}`)}</span>
      </span>
      <IconArrowRight size={18} aria-hidden />
    </span>
  );
}
