// What the job asked for and got, and where it works.
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../api/types";
import { useFormat } from "../ui/format";
import { Properties } from "../ui/Properties";

export function JobProperties({ job }: { job: JobDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const template = job.template?.split("@")[0];
  return (
    <Properties
      items={[
        { name: t("resources.nodes"), value: format.number(job.nodes) },
        { name: t("resources.cpus"), value: format.number(job.cpus) },
        { name: t("resources.memory"), value: job.memory_mib ? format.mebibytes(job.memory_mib) : null },
        { name: t("resources.gpus"), value: job.gpus > 0 ? format.number(job.gpus) : null },
        {
          name: t("resources.timeLimit"),
          value: job.time_limit_minutes
            ? format.duration(job.time_limit_minutes * 60)
            : t("resources.unlimited"),
        },
        {
          name: t("jobs.nodeList"),
          value: job.node_list && <span className="qd-mono">{job.node_list}</span>,
        },
        { name: t("resources.account"), value: job.account },
        { name: t("resources.qos"), value: job.qos },
        { name: t("jobs.slurmState"), value: <span className="qd-mono">{job.state}</span> },
        {
          name: t("jobs.template"),
          value: template && (
            <Anchor
              size="sm"
              renderRoot={(props) => <Link to="/templates/$template" params={{ template }} {...props} />}
            >
              {job.template}
            </Anchor>
          ),
        },
        { name: t("jobs.image"), value: job.image },
        {
          name: t("jobs.workingDirectory"),
          value: job.working_directory && <span className="qd-mono">{job.working_directory}</span>,
          wide: true,
        },
        { name: t("jobs.comment"), value: job.comment, wide: true },
      ]}
    />
  );
}
