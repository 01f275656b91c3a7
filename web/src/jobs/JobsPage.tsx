// All jobs of a cluster: filters in the URL, states by live connection.

import { Button, NativeSelect, Switch } from "@mantine/core";
import { IconListDetails, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "../api/types";
import { useUser } from "../auth/use-session";
import { useFreshness } from "../live/follow-jobs";
import { partitionsQuery } from "../nodes/queries";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { ScrollingTable } from "../ui/ScrollingTable";
import { SearchBox } from "../ui/SearchBox";
import { useSelection } from "../ui/selection";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import { AccountingNote } from "./AccountingNote";
import { useUnfolded } from "./array/use-unfolded";
import { DEFAULT_SORT, type JobFilter } from "./filter";
import { useJobColumns, useOpenJob } from "./JobTable";
import classes from "./jobs.module.css";
import { SavedFilters, useColumnChoice } from "./ListChoices";
import { JobSelection } from "./many/JobSelection";
import { MOST_AT_ONCE } from "./many/many";
import { nameOf } from "./name";
import { jobListQuery } from "./queries";
import { type ListGroup, STATE_GROUPS } from "./states";

const route = getRouteApi("/frame/clusters/$cluster/jobs");

export function JobsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { cluster } = route.useParams();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const open = useOpenJob(cluster);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    jobListQuery(cluster, filter),
  );
  const listed = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const unfolded = useUnfolded(cluster, listed);
  const jobs = unfolded.rows;
  const columns = useColumnChoice(useJobColumns(cluster, unfolded));
  const total = data?.pages[0]?.total ?? undefined;

  const freshness = useFreshness(cluster);

  const mayAct = useUser()?.unix_user != null;
  const { sort: _, ...shown } = filter;
  const selection = useSelection(jobs, idOf, MOST_AT_ONCE, JSON.stringify([cluster, shown]));

  const narrow = (change: Partial<JobFilter>) =>
    void navigate({ search: (before) => withoutEmpty({ ...before, ...change }), replace: true });
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const filtered = Object.keys(filter).some((name) => name !== "sort");

  return (
    <div className={classes.page}>
      <PageHeader
        title={t("pages.jobs")}
        beside={total !== undefined && <span className="qd-dim qd-num">{format.number(total)}</span>}
        actions={
          <Button
            leftSection={<IconPlus size={16} />}
            renderRoot={(props) => <Link to="/clusters/$cluster/new-job" params={{ cluster }} {...props} />}
          >
            {t("pages.newJob")}
          </Button>
        }
      />
      <div className={classes.tools}>
        <div inert={selection.rows.length > 0} className={classes.toolsFilters}>
          <JobFilters cluster={cluster} filter={filter} onChange={narrow}>
            <SavedFilters filter={filter} onChoose={(search) => void navigate({ search, replace: true })} />
            {columns.menu}
          </JobFilters>
        </div>
        {selection.rows.length > 0 && (
          <JobSelection cluster={cluster} filter={filter} selection={selection} total={total} />
        )}
      </div>
      <StaleNote
        asOf={freshness.asOf}
        stale={freshness.stale}
        reason={freshness.staleReason}
        fallback={freshness.fallback}
      />
      <AccountingNote cluster={cluster} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.table}>
        {!jobs && !error && <LoadingRows rows={14} height={35} />}
        {jobs && jobs.length > 0 && (
          <ScrollingTable
            label={t("pages.jobs")}
            columns={columns.shown}
            rows={jobs}
            rowKey={idOf}
            selection={mayAct ? selection : undefined}
            selectLabel={(job) => t("jobActions.select", { name: nameOf(job), id: job.job_id ?? job.id })}
            onOpen={open}
            sort={filter.sort ?? DEFAULT_SORT}
            onSort={(sort) => narrow({ sort: sort as JobFilter["sort"] })}
            total={total}
            onEnd={loadMore}
          />
        )}
        {jobs?.length === 0 && (
          <Empty
            icon={<IconListDetails size={20} />}
            title={filtered ? t("jobs.noneMatch") : t("jobs.none")}
            actions={
              filtered && (
                <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
                  {t("jobs.clearFilters")}
                </Button>
              )
            }
          >
            {filtered ? t("jobs.noneMatchAdvice") : t("jobs.noneAdvice")}
          </Empty>
        )}
      </div>
    </div>
  );
}

function idOf(job: Job): string {
  return job.id;
}

interface FiltersProps {
  cluster: string;
  filter: JobFilter;
  onChange(change: Partial<JobFilter>): void;
  children: ReactNode;
}

function JobFilters({ cluster, filter, onChange, children }: FiltersProps) {
  const { t } = useTranslation();
  const { data: partitions } = useQuery(partitionsQuery(cluster));
  return (
    <search className={classes.filters}>
      <SearchBox
        className={classes.search}
        label={t("jobs.search")}
        value={filter.q ?? ""}
        onChange={(q) => onChange({ q })}
      />
      <NativeSelect
        aria-label={t("jobColumns.state")}
        value={filter.group ?? ""}
        onChange={(event) =>
          onChange({ group: (event.currentTarget.value || undefined) as ListGroup | undefined })
        }
        data={[
          { value: "", label: t("jobs.anyState") },
          ...STATE_GROUPS.map((value) => ({ value, label: t(`states.group.${value}`) })),
        ]}
      />
      <NativeSelect
        aria-label={t("jobColumns.partition")}
        value={filter.partition ?? ""}
        onChange={(event) => onChange({ partition: event.currentTarget.value })}
        data={[
          { value: "", label: t("jobs.anyPartition") },
          ...(partitions?.items ?? []).map(({ name }) => ({ value: name, label: name })),
          // The URL may name one that has not been loaded, or is no more.
          ...(filter.partition && !partitions?.items.some(({ name }) => name === filter.partition)
            ? [{ value: filter.partition, label: filter.partition }]
            : []),
        ]}
      />
      <Switch
        size="xs"
        label={t("jobs.mine")}
        checked={filter.mine ?? false}
        onChange={(event) => onChange({ mine: event.currentTarget.checked })}
      />
      {children}
    </search>
  );
}

/** What is not set is not in the URL. */
function withoutEmpty(filter: JobFilter): JobFilter {
  const kept = Object.entries(filter).filter(
    ([name, value]) => value && !(name === "sort" && value === DEFAULT_SORT),
  );
  return Object.fromEntries(kept) as JobFilter;
}
