// Jobs as rows, in every list of jobs.

import { IconChevronDown, IconChevronRight, IconServer2 } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { JobStateBadge } from "../ui/StateBadge";
import { Elapsed, Moment } from "../ui/time";
import classes from "./array/array.module.css";
import { PartsBar } from "./array/PartsBar";
import type { Unfolded } from "./array/use-unfolded";
import { partOf } from "./filter";
import { nameOf } from "./name";

interface Props {
  cluster: string;
  jobs: Job[];
  label: string;
}

/** A few of one's own newest jobs, without what is the same in all of them. */
export function ShortJobTable({ cluster, jobs, label }: Props) {
  const columns = useJobColumns(cluster).filter((column) => !["user", "size"].includes(column.id));
  const open = useOpenJob(cluster);
  return <DataTable label={label} columns={columns} rows={jobs} rowKey={(job) => job.id} onOpen={open} />;
}

export function useOpenJob(cluster: string): (job: Job) => void {
  const navigate = useNavigate();
  return (job) => void navigate({ to: "/clusters/$cluster/jobs/$job", params: { cluster, job: job.id } });
}

/** `unfolded`: where arrays can be opened in the list. */
export function useJobColumns(
  cluster: string,
  unfolded?: Pick<Unfolded, "isOpen" | "toggle">,
): Column<Job>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("jobColumns.name"),
        width: 210,
        cell: (job) => (
          <>
            {unfolded && job.parts && <Unfold job={job} unfolded={unfolded} />}
            <Link
              to="/clusters/$cluster/jobs/$job"
              params={{ cluster, job: job.id }}
              className={unfolded && partOf(job.job_id) ? `qd-link ${classes.partName}` : "qd-link"}
              title={nameOf(job)}
            >
              {nameOf(job)}
            </Link>
          </>
        ),
      },
      {
        id: "job_id",
        header: t("jobColumns.id"),
        width: 84,
        minor: true,
        cell: (job) => job.job_id ?? <span className="qd-dim">–</span>,
      },
      {
        id: "state",
        header: t("jobColumns.state"),
        width: 150,
        cell: (job) => (
          <span className={job.parts ? classes.withBar : undefined}>
            <JobStateBadge state={job.state} />
            {job.parts && <PartsBar parts={job.parts} />}
          </span>
        ),
      },
      { id: "user", header: t("jobColumns.user"), width: 90, minor: true, cell: (job) => job.user },
      {
        id: "partition",
        header: t("jobColumns.partition"),
        width: 96,
        minor: true,
        cell: (job) => job.partition ?? <span className="qd-dim">–</span>,
      },
      {
        id: "size",
        header: t("jobColumns.size"),
        width: 130,
        minor: true,
        cell: (job) => (
          <>
            {t("resources.cpuCount", { count: job.cpus, formatted: format.number(job.cpus) })}
            {job.gpus > 0 && ` · ${t("resources.gpuCount", { count: job.gpus })}`}
            {job.nodes > 1 && (
              <>
                {" · "}
                <IconServer2 size={12} aria-label={t("resources.nodes")} /> {format.number(job.nodes)}
              </>
            )}
          </>
        ),
      },
      {
        id: "elapsed",
        header: t("jobColumns.elapsed"),
        width: 100,
        align: "end",
        minor: true,
        cell: (job) => <Elapsed from={job.started_at} to={job.ended_at} />,
      },
      {
        id: "submitted_at",
        header: t("jobColumns.submitted"),
        width: 150,
        align: "end",
        sortable: true,
        cell: (job) => <Moment at={job.submitted_at} />,
      },
    ],
    [cluster, t, format, unfolded],
  );
}

function Unfold({ job, unfolded }: { job: Job; unfolded: Pick<Unfolded, "isOpen" | "toggle"> }) {
  const { t } = useTranslation();
  const open = unfolded.isOpen(job);
  return (
    <button
      type="button"
      className={classes.unfold}
      aria-expanded={open}
      aria-label={t("jobColumns.unfold", { id: job.job_id })}
      onClick={() => unfolded.toggle(job)}
    >
      {open ? <IconChevronDown size={15} aria-hidden /> : <IconChevronRight size={15} aria-hidden />}
    </button>
  );
}
