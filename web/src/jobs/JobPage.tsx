// One job: what became of it, why, what it writes, and what can be done about it.

import { Anchor, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../api/types";
import { EfficiencyPanel } from "../efficiency/EfficiencyPanel";
import { JOB_TABS, type JobTab } from "../router";
import { CodeView } from "../ui/CodeView";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { JobStateBadge } from "../ui/StateBadge";
import { LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import { WithSide } from "../ui/WithSide";
import { AccountingNote } from "./AccountingNote";
import { ArrayPanel } from "./array/ArrayPanel";
import { AskForHelp } from "./help/AskForHelp";
import { JobActions } from "./JobActions";
import { JobFiles } from "./JobFiles";
import { JobProperties } from "./JobProperties";
import { JobTimeline } from "./JobTimeline";
import { nameOf } from "./name";
import { OutputView } from "./OutputView";
import { jobQuery } from "./queries";
import { DependencyPanel } from "./related/DependencyPanel";
import { StepsPanel } from "./related/StepsPanel";
import { WhyPanel } from "./WhyPanel";

// Most jobs are none.
const SweepResults = lazy(async () => ({ default: (await import("./sweep/SweepResults")).SweepResults }));

const route = getRouteApi("/frame/clusters/$cluster/jobs/$job");

export function JobPage() {
  const { t } = useTranslation();
  const { cluster, job: id } = route.useParams();
  const { data: job, error, refetch } = useQuery(jobQuery(cluster, id));
  return (
    <>
      <PageHeader
        title={job ? nameOf(job) : t("jobs.one")}
        above={
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to="/clusters/$cluster/jobs" params={{ cluster }} {...props} />}
          >
            {t("pages.jobs")}
          </Anchor>
        }
        beside={job && <JobStateBadge state={job.state} />}
        below={
          job &&
          [job.job_id && t("jobs.number", { id: job.job_id }), job.user, job.partition]
            .filter(Boolean)
            .join(" · ")
        }
        actions={
          job && (
            <>
              <JobActions cluster={cluster} job={job} />
              <AskForHelp cluster={cluster} job={job} />
            </>
          )
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!job && !error && <LoadingRows rows={8} />}
      {job && (
        <>
          <StaleNote asOf={job.as_of} stale={job.stale} reason={job.stale_reason} />
          <AccountingNote cluster={cluster} />
          <WhyPanel cluster={cluster} job={job} />
          <DependencyPanel cluster={cluster} job={job} />
          <ArrayPanel key={job.id} cluster={cluster} job={job} />
          {job.sweep && (
            <Suspense fallback={<LoadingRows rows={8} />}>
              <SweepResults key={job.id} cluster={cluster} job={job} />
            </Suspense>
          )}
          <WithSide
            side={
              <>
                <Panel title={t("jobs.timeline")}>
                  <JobTimeline job={job} />
                </Panel>
                <EfficiencyPanel cluster={cluster} job={job} />
                <Panel title={t("jobs.details")}>
                  <JobProperties job={job} />
                </Panel>
              </>
            }
          >
            <JobTabs cluster={cluster} job={job} />
          </WithSide>
        </>
      )}
    </>
  );
}

function JobTabs({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const { tab = "output", stream } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Tabs
      value={tab}
      onChange={(value) =>
        void navigate({ search: (before) => ({ ...before, tab: value as JobTab }), replace: true })
      }
      keepMounted={false}
    >
      <Tabs.List mb="sm">
        {JOB_TABS.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {t(`jobs.tabs.${name}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="output">
        <OutputView
          key={`${job.id} ${stream ?? "stdout"}`}
          cluster={cluster}
          job={job}
          stream={stream ?? "stdout"}
          onStream={(next) =>
            void navigate({
              search: ({ stream: _, ...before }) =>
                next === "stderr" ? { ...before, tab, stream: "stderr" } : { ...before, tab },
              replace: true,
            })
          }
        />
      </Tabs.Panel>
      <Tabs.Panel value="steps">
        <StepsPanel cluster={cluster} job={job} />
      </Tabs.Panel>
      <Tabs.Panel value="script">
        <Panel title={t("jobs.script")} flush>
          {job.script ? (
            <CodeView code={job.script} label={t("jobs.script")} language="shell" maxHeight="70vh" />
          ) : (
            <p style={{ padding: "0 14px" }}>{t("jobs.noScript")}</p>
          )}
        </Panel>
      </Tabs.Panel>
      <Tabs.Panel value="files">
        <JobFiles job={job} />
      </Tabs.Panel>
    </Tabs>
  );
}
