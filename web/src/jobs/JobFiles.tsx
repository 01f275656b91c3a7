// Where the job works, the files that went to it, the variables that name them, and where its output lies.
import { Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { type Column, DataTable } from "../ui/DataTable";
import { Panel } from "../ui/Panel";
import { Properties } from "../ui/Properties";
import { JobDirectory } from "./JobDirectory";

type JobFile = JobDetail["files"][number];

export function JobFiles({ job }: { job: JobDetail }) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const columns: Column<JobFile>[] = [
    { id: "name", header: t("jobs.files.name"), width: 200, cell: (file) => file.name },
    {
      id: "kind",
      header: t("jobs.files.kind"),
      width: 90,
      cell: (file) => lookUp(`kinds.${file.kind}`) ?? file.kind,
    },
    {
      id: "variable",
      header: t("jobs.files.variable"),
      width: 220,
      cell: (file) => <span className="qd-mono">{file.variable}</span>,
    },
  ];
  return (
    <Stack gap="var(--qd-gap)">
      {job.mine && <JobDirectory job={job} />}
      <Panel title={t("jobs.files.input")} flush>
        {job.files.length > 0 ? (
          <DataTable
            label={t("jobs.files.input")}
            columns={columns}
            rows={job.files}
            rowKey={(file) => file.variable}
          />
        ) : (
          <p className="qd-dim" style={{ padding: "0 14px" }}>
            {t("jobs.files.none")}
          </p>
        )}
      </Panel>
      <Panel title={t("jobs.files.output")}>
        <Properties
          items={[
            {
              name: t("jobs.streams.stdout"),
              value: <span className="qd-mono">{job.output_path ?? "–"}</span>,
              wide: true,
            },
            {
              name: t("jobs.streams.stderr"),
              value: <span className="qd-mono">{job.error_path ?? "–"}</span>,
              wide: true,
            },
          ]}
        />
      </Panel>
    </Stack>
  );
}
