// The steps of a job: its script and each srun, with state and exit code.
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { JobDetail, JobStep } from "../../api/types";
import { type Column, DataTable } from "../../ui/DataTable";
import { useFormat } from "../../ui/format";
import { Panel } from "../../ui/Panel";
import { JobStateBadge } from "../../ui/StateBadge";
import { LoadingRows, ProblemNote, StaleNote } from "../../ui/states";
import { Elapsed } from "../../ui/time";
import { signalOf } from "../signal-of";
import { isFinal } from "../states";
import { stepsQuery } from "./queries";
import classes from "./related.module.css";

export function StepsPanel({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const columns = useColumns();
  const { data, error, refetch, isFetching } = useQuery(stepsQuery(cluster, job));
  return (
    <Panel
      title={t("related.steps")}
      hint={t("related.stepsHint")}
      flush
      actions={
        !isFinal(job.state) && (
          <Button size="xs" variant="default" loading={isFetching} onClick={() => void refetch()}>
            {t("related.refresh")}
          </Button>
        )
      }
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={3} />}
      {data && <StaleNote asOf={data.as_of} stale={data.stale} reason={data.stale_reason} />}
      {data && data.items.length === 0 && !data.stale && (
        <p className={classes.empty}>{t("related.noSteps")}</p>
      )}
      {data && data.items.length > 0 && (
        <DataTable
          label={t("related.steps")}
          columns={columns}
          rows={data.items}
          rowKey={({ step }) => step}
        />
      )}
    </Panel>
  );
}

function useColumns(): Column<JobStep>[] {
  const { t } = useTranslation();
  const format = useFormat();
  return [
    {
      id: "step",
      header: t("related.columns.step"),
      width: 70,
      cell: ({ step }) => (step === "batch" ? t("related.script") : <span className="qd-num">{step}</span>),
    },
    { id: "name", header: t("related.columns.name"), width: 150, cell: ({ name }) => name },
    {
      id: "state",
      header: t("related.columns.state"),
      width: 130,
      cell: ({ state }) => <JobStateBadge state={state} />,
    },
    {
      id: "exit",
      header: t("related.columns.exit"),
      width: 90,
      cell: (step) => {
        const signal = signalOf(step);
        return signal ? t("related.signal", { signal }) : (step.exit_code ?? <Nothing />);
      },
    },
    {
      id: "size",
      header: t("related.columns.size"),
      width: 150,
      minor: true,
      cell: ({ tasks, cpus }) =>
        t("related.size", { tasks: format.number(tasks), cpus: format.number(cpus) }),
    },
    {
      id: "elapsed",
      header: t("related.columns.elapsed"),
      width: 100,
      align: "end",
      minor: true,
      cell: (step) => <Elapsed from={step.started_at} to={step.ended_at} />,
    },
  ];
}

function Nothing() {
  return <span className="qd-dim">–</span>;
}
