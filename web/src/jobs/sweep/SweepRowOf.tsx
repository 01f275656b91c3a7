// On a task's page: the row of the sweep that it is.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../../api/types";
import { Properties } from "../../ui/Properties";
import { sweepQuery } from "./queries";
import { textOf } from "./results";
import classes from "./sweep.module.css";

export function SweepRowOf({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const { data } = useQuery({ ...sweepQuery(cluster, job), enabled: job.mine });
  const row = data?.rows[0];
  if (!data || !row) return null;
  const values = row.values as Record<string, unknown>;
  return (
    <section className={classes.row} aria-label={t("sweep.results.ofTask", { number: row.number })}>
      <Properties items={data.parameters.map((name) => ({ name, value: textOf(values[name]) || "–" }))} />
    </section>
  );
}
