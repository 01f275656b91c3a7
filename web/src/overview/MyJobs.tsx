// The person's newest jobs.
import { Anchor, Button } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ShortJobTable } from "../jobs/JobTable";
import { jobListQuery } from "../jobs/queries";
import { Panel } from "../ui/Panel";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";

const SHOWN = 8;
const MINE = { mine: true } as const;

export function MyJobs({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useInfiniteQuery(jobListQuery(cluster, MINE));
  const jobs = data?.pages[0]?.items.slice(0, SHOWN);
  return (
    <Panel
      title={t("overview.myJobs")}
      flush
      actions={
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/clusters/$cluster/jobs" params={{ cluster }} search={MINE} {...props} />
          )}
        >
          {t("overview.allMyJobs")}
        </Anchor>
      }
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!jobs && !error && <LoadingRows rows={SHOWN} height={35} />}
      {jobs?.length === 0 && (
        <Empty
          icon={<IconListDetails size={20} />}
          title={t("overview.noJobs")}
          actions={
            <Button
              renderRoot={(props) => <Link to="/clusters/$cluster/new-job" params={{ cluster }} {...props} />}
            >
              {t("pages.newJob")}
            </Button>
          }
        >
          {t("overview.noJobsAdvice")}
        </Empty>
      )}
      {jobs && jobs.length > 0 && (
        <ShortJobTable cluster={cluster} jobs={jobs} label={t("overview.myJobs")} />
      )}
    </Panel>
  );
}
