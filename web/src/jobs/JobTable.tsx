// Jobs as rows, in every list of jobs.
import { IconServer2 } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { JobStateBadge } from "../ui/StateBadge";
import { Elapsed, Moment } from "../ui/time";

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

export function useJobColumns(cluster: string): Column<Job>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("jobs.columns.name"),
        width: 210,
        cell: (job) => (
          <Link
            to="/clusters/$cluster/jobs/$job"
            params={{ cluster, job: job.id }}
            className="qd-link"
            title={job.name}
          >
            {job.name}
          </Link>
        ),
      },
      {
        id: "job_id",
        header: t("jobs.columns.id"),
        width: 84,
        minor: true,
        cell: (job) => job.job_id ?? <span className="qd-dim">–</span>,
      },
      {
        id: "state",
        header: t("jobs.columns.state"),
        width: 150,
        cell: (job) => <JobStateBadge state={job.state} />,
      },
      { id: "user", header: t("jobs.columns.user"), width: 90, minor: true, cell: (job) => job.user },
      {
        id: "partition",
        header: t("jobs.columns.partition"),
        width: 96,
        minor: true,
        cell: (job) => job.partition ?? <span className="qd-dim">–</span>,
      },
      {
        id: "size",
        header: t("jobs.columns.size"),
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
        header: t("jobs.columns.elapsed"),
        width: 100,
        align: "end",
        minor: true,
        cell: (job) => <Elapsed from={job.started_at} to={job.ended_at} />,
      },
      {
        id: "submitted_at",
        header: t("jobs.columns.submitted"),
        width: 118,
        align: "end",
        sortable: true,
        cell: (job) => <Moment at={job.submitted_at} />,
      },
    ],
    [cluster, t, format],
  );
}
