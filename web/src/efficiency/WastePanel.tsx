// What jobs were given and did not use in the last days: a person's own, and for operators everybody's.
import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { WastefulJob } from "../api/types";
import { useFormat } from "../ui/format";
import { Meter } from "../ui/Meter";
import { Panel } from "../ui/Panel";
import classes from "./efficiency.module.css";
import { hours } from "./hours";
import { wasteOfAllQuery, wasteQuery } from "./queries";

const SHOWN = 5;

/** Nothing before the first job has ended. */
export function OwnWaste({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data } = useQuery(wasteQuery(cluster));
  if (!data || data.jobs === 0) return null;
  const { cpu_hours_given: given, wasted } = data;
  const used = given - wasted.cpu_hours;
  const words = {
    memory: hours(wasted.memory_gib_hours, format),
    gpu: hours(wasted.gpu_hours, format),
  };
  return (
    <Panel
      title={t("waste.title")}
      hint={t("waste.lastDays", { count: data.days, formatted: format.number(data.days) })}
    >
      <div className={classes.meters}>
        <Meter
          label={t("waste.cpu")}
          value={given > 0 ? used / given : 0}
          words={t("waste.usedOf", {
            used: hours(used, format),
            given: t("waste.hours", { hours: hours(given, format) }),
            share: format.percent(used, given),
          })}
        />
        <p className={classes.quiet}>
          {wasted.gpu_hours > 0 ? t("waste.more", words) : t("waste.moreMemory", { memory: words.memory })}
        </p>
        {data.worst.length > 0 && (
          <WorstJobs cluster={cluster} jobs={data.worst.slice(0, SHOWN)} withUser={false} />
        )}
      </div>
    </Panel>
  );
}

/** For operators. */
export function WasteOfAll({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data } = useQuery(wasteOfAllQuery(cluster));
  if (!data || data.users.length === 0) return null;
  return (
    <Panel
      title={t("waste.titleAll")}
      hint={t("waste.lastDays", { count: data.days, formatted: format.number(data.days) })}
    >
      <div className={classes.meters}>
        <table className={classes.table} aria-label={t("waste.users")}>
          <thead>
            <tr>
              <th scope="col">{t("waste.user")}</th>
              <th scope="col">{t("waste.jobs")}</th>
              <th scope="col">{t("waste.share")}</th>
              <th scope="col">{t("waste.unused")}</th>
            </tr>
          </thead>
          <tbody>
            {data.users.slice(0, SHOWN).map((of) => (
              <tr key={of.user}>
                <td>{of.user}</td>
                <td className="qd-num">{format.number(of.jobs)}</td>
                <td className="qd-num">
                  {format.percent(of.cpu_hours_given - of.wasted.cpu_hours, of.cpu_hours_given)}
                </td>
                <td className="qd-num">{hours(of.wasted.cpu_hours, format)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <WorstJobs cluster={cluster} jobs={data.worst.slice(0, SHOWN)} withUser />
      </div>
    </Panel>
  );
}

function WorstJobs({
  cluster,
  jobs,
  withUser,
}: {
  cluster: string;
  jobs: readonly WastefulJob[];
  withUser: boolean;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <table className={classes.table} aria-label={t("waste.worst")}>
      <thead>
        <tr>
          <th scope="col">{t("waste.job")}</th>
          {withUser && <th scope="col">{t("waste.user")}</th>}
          <th scope="col">{t("waste.unused")}</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td>
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link to="/clusters/$cluster/jobs/$job" params={{ cluster, job: job.id }} {...props} />
                )}
              >
                {job.job_id} {job.name}
              </Anchor>
            </td>
            {withUser && <td>{job.user}</td>}
            <td className="qd-num">{hours(job.wasted.cpu_hours, format)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
