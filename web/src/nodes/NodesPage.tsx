// The cluster's nodes.
import { NativeSelect } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { type Column, DataTable } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { SearchBox } from "../ui/SearchBox";
import { NodeStateBadge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import toolbar from "../ui/toolbar.module.css";
import { nodesQuery } from "./queries";

const route = getRouteApi("/frame/clusters/$cluster/nodes");

export function NodesPage() {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const { cluster } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const columns = useNodeColumns();
  const { data, error, refetch } = useQuery(nodesQuery(cluster));
  const nodes = data?.items.filter(
    (node) =>
      (!search.q || node.name.includes(search.q)) &&
      (!search.state || node.state === search.state) &&
      (!search.partition || node.partitions.includes(search.partition)),
  );
  const all = data?.items ?? [];
  const narrow = (change: Partial<typeof search>) =>
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...change }).filter(([, value]) => value),
        ) as typeof search,
      replace: true,
    });
  const stateName = (state: string) => lookUp(`states.node.${state.toLowerCase()}`) ?? state;
  return (
    <>
      <PageHeader
        title={t("nodes.title")}
        beside={data && <span className="qd-dim qd-num">{all.length}</span>}
      />
      <StaleNote asOf={data?.as_of} stale={data?.stale} reason={data?.stale_reason} />
      <search className={toolbar.toolbar}>
        <SearchBox label={t("nodes.search")} value={search.q ?? ""} onChange={(q) => narrow({ q })} />
        <NativeSelect
          aria-label={t("nodes.columns.state")}
          value={search.state ?? ""}
          onChange={(event) => narrow({ state: event.currentTarget.value })}
          data={[
            { value: "", label: t("nodes.anyState") },
            ...[...new Set(all.map((node) => node.state))].map((value) => ({
              value,
              label: stateName(value),
            })),
          ]}
        />
        <NativeSelect
          aria-label={t("nodes.columns.partitions")}
          value={search.partition ?? ""}
          onChange={(event) => narrow({ partition: event.currentTarget.value })}
          data={[
            { value: "", label: t("jobs.anyPartition") },
            ...[...new Set(all.flatMap((node) => node.partitions))].map((value) => ({ value, label: value })),
          ]}
        />
      </search>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <Panel title={cluster} flush>
        {!nodes && !error && <LoadingRows />}
        {nodes?.length === 0 && <Empty icon={<IconServer2 size={20} />} title={t("nodes.none")} />}
        {nodes && nodes.length > 0 && (
          <DataTable label={t("nodes.title")} columns={columns} rows={nodes} rowKey={(node) => node.name} />
        )}
      </Panel>
    </>
  );
}

function useNodeColumns(): Column<Node>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const used = (node: Node, label: string, use: Node["cpus"], word: (value: number) => string) => (
    <span style={{ display: "grid", gap: 3 }}>
      <span style={{ lineHeight: 1.2 }}>
        {t("overview.usedOf", { used: word(use.used), total: word(use.total) })}
      </span>
      <Bar label={`${node.name}: ${label}`} value={use.total > 0 ? use.used / use.total : 0} thin />
    </span>
  );
  return [
    { id: "name", header: t("nodes.columns.name"), width: 120, cell: (node) => node.name },
    {
      id: "state",
      header: t("nodes.columns.state"),
      width: 130,
      cell: (node) => <NodeStateBadge state={node.state} />,
    },
    {
      id: "cpus",
      header: t("resources.cpus"),
      width: 130,
      cell: (node) => used(node, t("resources.cpus"), node.cpus, format.number),
    },
    {
      id: "memory",
      header: t("resources.memory"),
      width: 160,
      minor: true,
      cell: (node) => used(node, t("resources.memory"), node.memory_mib, format.mebibytes),
    },
    {
      id: "gpus",
      header: t("resources.gpus"),
      width: 80,
      align: "end",
      cell: (node) =>
        node.gpus.total > 0 ? (
          t("overview.usedOf", { used: format.number(node.gpus.used), total: format.number(node.gpus.total) })
        ) : (
          <span className="qd-dim">–</span>
        ),
    },
    {
      id: "load",
      header: t("nodes.columns.load"),
      width: 70,
      align: "end",
      minor: true,
      cell: (node) => (node.load === null || node.load === undefined ? "–" : format.number(node.load, 2)),
    },
    {
      id: "partitions",
      header: t("nodes.columns.partitions"),
      width: 130,
      minor: true,
      cell: (node) => node.partitions.join(", "),
    },
    {
      id: "reason",
      header: t("nodes.columns.reason"),
      width: 200,
      minor: true,
      cell: (node) => (
        <span title={node.reason ?? undefined}>
          {[node.reason, ...node.flags].filter(Boolean).join(" · ")}
        </span>
      ),
    },
  ];
}
