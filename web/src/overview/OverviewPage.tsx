// The first look: what runs, waits and failed of mine, how full the cluster is, what was uploaded. Operators see first
// what needs looking after.
import { Button } from "@mantine/core";
import { IconCheck, IconClock, IconPlayerPlay, IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Overview } from "../api/types";
import { useIsOperator, useUser } from "../auth/use-session";
import { SharesPanel } from "../efficiency/SharesPanel";
import { OwnWaste, WasteOfAll } from "../efficiency/WastePanel";
import type { StateGroup } from "../jobs/states";
import { Metric } from "../ui/Metric";
import { PageHeader } from "../ui/PageHeader";
import { ProblemNote, StaleNote } from "../ui/states";
import { ClusterUse } from "./ClusterUse";
import { LastDay } from "./LastDay";
import { MyJobs } from "./MyJobs";
import { NodesAtAGlance, NodesToCome } from "./NodesAtAGlance";
import { MaintenanceNote, MyWaiting } from "./Notes";
import classes from "./overview.module.css";
import { overviewQuery } from "./queries";
import { RecentUploads } from "./RecentUploads";
import { Trouble } from "./Trouble";

const route = getRouteApi("/frame/clusters/$cluster");

export function OverviewPage() {
  const { t } = useTranslation();
  const { cluster } = route.useParams();
  const user = useUser();
  const isOperator = useIsOperator();
  const { data, error, refetch } = useQuery(overviewQuery(cluster));
  return (
    <>
      <PageHeader
        title={t("overview.title")}
        below={t("overview.below", { user: user?.display_name ?? "", cluster })}
        actions={
          <Button
            leftSection={<IconPlus size={16} />}
            renderRoot={(props) => <Link to="/clusters/$cluster/new-job" params={{ cluster }} {...props} />}
          >
            {t("pages.newJob")}
          </Button>
        }
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <StaleNote
        asOf={data?.as_of}
        stale={data?.stale}
        reason={data?.stale_reason}
        fallback={data?.fallback}
      />
      <MaintenanceNote cluster={cluster} />
      {isOperator && <Trouble cluster={cluster} />}
      <div className={classes.metrics}>
        <MyCount cluster={cluster} group="running" overview={data} icon={<IconPlayerPlay size={15} />} />
        <MyCount cluster={cluster} group="waiting" overview={data} icon={<IconClock size={15} />} />
        <MyCount cluster={cluster} group="failed" overview={data} icon={<IconX size={15} />} />
        <MyCount cluster={cluster} group="completed" overview={data} icon={<IconCheck size={15} />} />
      </div>
      <MyWaiting cluster={cluster} waiting={data?.waiting} />
      <div className={classes.columns}>
        <div className={classes.column}>
          <MyJobs cluster={cluster} />
          <RecentUploads />
          <OwnWaste cluster={cluster} />
          {isOperator && <WasteOfAll cluster={cluster} />}
        </div>
        <div className={classes.column}>
          <ClusterUse overview={data} />
          {data?.nodes && <LastDay cluster={cluster} />}
          {/* A site may keep its nodes from its users: who asks nevertheless is refused. */}
          {data ? data.nodes && <NodesAtAGlance cluster={cluster} /> : !error && <NodesToCome />}
          <SharesPanel cluster={cluster} />
        </div>
      </div>
    </>
  );
}

interface MyCountProps {
  cluster: string;
  group: Extract<StateGroup, "running" | "waiting" | "failed" | "completed">;
  overview: Overview | undefined;
  icon: ReactNode;
}

function MyCount({ cluster, group, overview, icon }: MyCountProps) {
  const { t } = useTranslation();
  const mine = overview?.mine;
  return (
    <Metric
      label={t(`overview.mine.${group}`)}
      value={
        mine &&
        { running: mine.running, waiting: mine.pending, failed: mine.failed, completed: mine.completed }[
          group
        ]
      }
      tone={group}
      icon={icon}
      below={
        group === "failed" || group === "completed" ? t("overview.lastDays", { count: 7 }) : t("overview.now")
      }
      link={(children, className) => (
        <Link
          to="/clusters/$cluster/jobs"
          params={{ cluster }}
          search={{ mine: true, group }}
          className={className}
        >
          {children}
        </Link>
      )}
    />
  );
}
