// The cluster's partitions: what is free in each, what waits, its limits and for whom it is.
import { Anchor } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Partition } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFollowNodes } from "../live/follow-nodes";
import { partitionsQuery } from "../nodes/queries";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { PageHeader } from "../ui/PageHeader";
import { Properties } from "../ui/Properties";
import { Badge, NodeStateBadge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import classes from "./partitions.module.css";

const route = getRouteApi("/frame/clusters/$cluster/partitions");

export function PartitionsPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { cluster } = route.useParams();
  const { partition: open } = route.useSearch();
  const navigate = route.useNavigate();
  useFollowNodes(cluster);
  const { data, error, refetch } = useQuery(partitionsQuery(cluster));
  const columns = usePartitionColumns(cluster, open);
  const turn = ({ name }: Partition) =>
    void navigate({ search: open === name ? {} : { partition: name }, replace: true });
  return (
    <>
      <PageHeader
        title={t("pages.partitions")}
        beside={data && <span className="qd-dim qd-num">{format.number(data.items.length)}</span>}
      />
      <StaleNote asOf={data?.as_of} stale={data?.stale} reason={data?.stale_reason} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.list}>
        {!data && !error && <LoadingRows rows={5} height={35} />}
        {data?.items.length === 0 && (
          <Empty icon={<IconStack2 size={20} />} title={t("partitions.none")}>
            {t("partitions.noneAdvice")}
          </Empty>
        )}
        {data && data.items.length > 0 && (
          <DataTable
            label={t("pages.partitions")}
            columns={columns}
            rows={data.items}
            rowKey={({ name }) => name}
            onOpen={turn}
            detail={(partition) =>
              partition.name === open && <PartitionDetail cluster={cluster} partition={partition} />
            }
          />
        )}
      </div>
    </>
  );
}

const TONES = { UP: "completed", DOWN: "waiting", DRAIN: "cancelled", INACTIVE: "failed" } as const;

function usePartitionColumns(cluster: string, open: string | undefined): Column<Partition>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const none = <span className="qd-dim">–</span>;
  const free = (partition: Partition, label: string, count: number, total: number) => (
    <span className={classes.free}>
      <span>{t("partitions.freeOf", { free: format.number(count), total: format.number(total) })}</span>
      <Bar label={`${partition.name}: ${label}`} value={total > 0 ? count / total : 0} thin />
    </span>
  );
  return [
    {
      id: "name",
      header: t("partitions.columns.name"),
      width: 170,
      cell: ({ name, is_default }) => (
        <span className={classes.named}>
          <Link
            to="/clusters/$cluster/partitions"
            params={{ cluster }}
            search={open === name ? {} : { partition: name }}
            replace
            className="qd-link"
            aria-expanded={open === name}
            title={t("partitions.open", { name })}
          >
            {open === name ? (
              <IconChevronDown size={14} aria-hidden />
            ) : (
              <IconChevronRight size={14} aria-hidden />
            )}
            {name}
          </Link>
          {is_default && <span className={classes.default}>{t("partitions.isDefault")}</span>}
        </span>
      ),
    },
    {
      id: "state",
      header: t("partitions.columns.state"),
      width: 120,
      cell: ({ state }) => (
        <Badge tone={TONES[state as keyof typeof TONES] ?? "unknown"} title={state}>
          {lookUp(`partitions.states.${state}`) ?? state}
        </Badge>
      ),
    },
    {
      id: "cpus",
      header: t("partitions.columns.cpus"),
      width: 130,
      cell: (partition) =>
        partition.now
          ? free(partition, t("partitions.columns.cpus"), partition.now.cpus_free, partition.now.cpus.total)
          : none,
    },
    {
      id: "gpus",
      header: t("partitions.columns.gpus"),
      width: 90,
      minor: true,
      cell: ({ now }) =>
        now && now.gpus.total > 0
          ? t("partitions.freeOf", {
              free: format.number(now.gpus_free),
              total: format.number(now.gpus.total),
            })
          : none,
    },
    {
      id: "nodes",
      header: t("partitions.columns.nodes"),
      width: 60,
      align: "end",
      minor: true,
      cell: ({ nodes }) => format.number(nodes),
    },
    {
      id: "time",
      header: t("partitions.columns.time"),
      width: 100,
      align: "end",
      minor: true,
      cell: ({ time_limit_minutes: minutes }) =>
        minutes ? format.duration(minutes * 60) : t("partitions.unlimited"),
    },
    {
      id: "jobs",
      header: t("partitions.columns.jobs"),
      width: 170,
      minor: true,
      cell: ({ jobs }) =>
        jobs
          ? t("partitions.jobs", {
              running: format.number(jobs.running),
              pending: format.number(jobs.pending),
            })
          : none,
    },
  ];
}

function PartitionDetail({ cluster, partition }: { cluster: string; partition: Partition }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { now, name, jobs } = partition;
  const time = (minutes: number | null | undefined) =>
    minutes ? format.duration(minutes * 60) : t("partitions.unlimited");
  const number = (value: number | null | undefined) =>
    typeof value === "number" ? format.number(value) : null;
  const states = Object.entries(now?.nodes_by_state ?? {});
  return (
    <section className={classes.detail} aria-label={t("partitions.open", { name })}>
      {states.length > 0 && (
        <ul className={classes.states} aria-label={t("partitions.byState")}>
          {states.map(([state, count]) => (
            <li key={state}>
              <Link
                to="/clusters/$cluster/nodes"
                params={{ cluster }}
                search={{ partition: name, state }}
                className={classes.state}
              >
                <NodeStateBadge state={state} /> <span className="qd-num">{format.number(count)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      <Properties
        items={[
          { name: t("partitions.columns.nodes"), value: format.number(partition.nodes) },
          { name: t("resources.cpus"), value: format.number(partition.cpus) },
          { name: t("resources.gpus"), value: partition.gpus > 0 ? format.number(partition.gpus) : null },
          {
            name: t("partitions.columns.jobs"),
            value: jobs
              ? t("partitions.jobs", {
                  running: format.number(jobs.running),
                  pending: format.number(jobs.pending),
                })
              : null,
          },
          { name: t("partitions.columns.time"), value: time(partition.time_limit_minutes) },
          {
            name: t("partitions.defaultTime"),
            value: partition.default_time_minutes ? time(partition.default_time_minutes) : null,
          },
          { name: t("partitions.maxNodes"), value: number(partition.max_nodes) },
          { name: t("partitions.maxCpus"), value: number(partition.max_cpus_per_node) },
          {
            name: t("partitions.maxMemory"),
            value:
              typeof partition.max_memory_mib_per_node === "number"
                ? format.mebibytes(partition.max_memory_mib_per_node)
                : null,
          },
          { name: t("partitions.who"), value: <Access access={partition.access} />, wide: true },
        ]}
      />
      <div className={classes.links}>
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link
              to="/clusters/$cluster/nodes"
              params={{ cluster }}
              search={{ partition: name }}
              {...props}
            />
          )}
        >
          {t("partitions.itsNodes")}
        </Anchor>
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/clusters/$cluster/jobs" params={{ cluster }} search={{ partition: name }} {...props} />
          )}
        >
          {t("partitions.itsJobs")}
        </Anchor>
        <Anchor
          size="sm"
          renderRoot={(props) => (
            <Link to="/clusters/$cluster/use" params={{ cluster }} search={{ partition: name }} {...props} />
          )}
        >
          {t("partitions.itsUse")}
        </Anchor>
      </div>
    </section>
  );
}

function Access({ access }: { access: Partition["access"] }) {
  const { t } = useTranslation();
  const names = (list: string[]) => list.join(", ");
  const rules = [
    access.groups && t("partitions.groups", { names: names(access.groups) }),
    access.accounts && t("partitions.accounts", { names: names(access.accounts) }),
    access.denied_accounts && t("partitions.deniedAccounts", { names: names(access.denied_accounts) }),
    access.qos && t("partitions.qos", { names: names(access.qos) }),
    access.denied_qos && t("partitions.deniedQos", { names: names(access.denied_qos) }),
  ].filter((rule): rule is string => Boolean(rule));
  if (rules.length === 0) return <>{t("partitions.everybody")}</>;
  return (
    <ul className={classes.rules}>
      {rules.map((rule) => (
        <li key={rule}>{rule}</li>
      ))}
    </ul>
  );
}
