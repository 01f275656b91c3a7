// The selected jobs: how many they are, and what can be done with them.
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "../../api/types";
import { clustersQuery } from "../../overview/queries";
import { useFormat } from "../../ui/format";
import type { Selection } from "../../ui/selection";
import { ProblemNote } from "../../ui/states";
import type { JobFilter } from "../filter";
import classes from "../jobs.module.css";
import { ActOnMany } from "./ActOnMany";
import { applies, firstMatching, MANY_ACTIONS, type ManyAction, MOST_AT_ONCE } from "./many";

interface Props {
  cluster: string;
  filter: JobFilter;
  selection: Selection<Job>;
  /** As many as the filter lets through. */
  total: number | undefined;
}

export function JobSelection({ cluster, filter, selection, total = 0 }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data: clusters } = useQuery(clustersQuery);
  const [asking, setAsking] = useState<{ action: ManyAction; jobs: Job[] } | null>(null);
  const matching = useMutation({
    mutationFn: () => firstMatching(cluster, filter),
    onSuccess: selection.select,
  });
  const slurm = clusters?.items.find(({ name }) => name === cluster)?.scheduler !== "local";
  const count = selection.rows.length;
  const offers = MANY_ACTIONS.filter((action) => slurm || action !== "requeue")
    .map((action) => ({ action, jobs: selection.rows.filter((job) => applies(action, job)) }))
    .filter(({ jobs }) => jobs.length > 0);
  const wanted = Math.min(total, MOST_AT_ONCE);
  return (
    <section className={classes.selection} aria-label={t("jobActions.selected")}>
      <strong role="status">{t("jobActions.count", { count, formatted: format.number(count) })}</strong>
      {wanted > count && selection.all === "all" && (
        <Button variant="subtle" loading={matching.isPending} onClick={() => matching.mutate()}>
          {total > MOST_AT_ONCE
            ? t("jobActions.selectFirst", { formatted: format.number(wanted) })
            : t("jobActions.selectMatching", { formatted: format.number(wanted) })}
        </Button>
      )}
      {offers.map(({ action, jobs }) => (
        <Button key={action} variant="default" onClick={() => setAsking({ action, jobs })}>
          {t(`jobs.actions.${action}`)} ({format.number(jobs.length)})
        </Button>
      ))}
      {offers.length === 0 && <span className="qd-dim">{t("jobActions.nothing")}</span>}
      <Button variant="subtle" onClick={selection.clear}>
        {t("jobActions.clear")}
      </Button>
      {matching.error && <ProblemNote error={matching.error} />}
      {asking && <ActOnMany cluster={cluster} {...asking} onClose={() => setAsking(null)} />}
    </section>
  );
}
