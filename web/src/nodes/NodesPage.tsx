// The cluster's nodes: as a table or as a grid, and what operators do to one or many.
import { Button } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useIsOperator, useUser } from "../auth/use-session";
import { useFollowNodes } from "../live/follow-nodes";
import { clustersQuery } from "../overview/queries";
import { useFormat } from "../ui/format";
import { PageHeader } from "../ui/PageHeader";
import { ScrollingTable } from "../ui/ScrollingTable";
import { useSelection } from "../ui/selection";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import { matching, nodeFilterFromSearch, sorted } from "./filter";
import { NodeFilters } from "./NodeFilters";
import { NodeGrid } from "./NodeGrid";
import { MOST_NODES, NodeSelection } from "./NodeSelection";
import { useNodeColumns } from "./node-columns";
import classes from "./nodes.module.css";
import { nodesQuery } from "./queries";

const route = getRouteApi("/frame/clusters/$cluster/nodes");

export function NodesPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { cluster } = route.useParams();
  const filter = route.useSearch();
  useFollowNodes(cluster);
  const navigate = route.useNavigate();
  const openPage = useNavigate();
  const { data, error, refetch } = useQuery(nodesQuery(cluster));
  const all = useMemo(() => data?.items ?? [], [data]);
  const nodes = useMemo(() => sorted(matching(all, filter), filter.sort), [all, filter]);
  const canAct = useCanAct(cluster);
  const selection = useSelection(nodes, nameOf, MOST_NODES);
  const shown = useMemo(() => new Set(nodes.map(nameOf)), [nodes]);
  const chosen = selection.rows.map(nameOf).filter((name) => shown.has(name));
  const columns = useNodeColumns(cluster);
  const narrow = (change: Record<string, string>) =>
    void navigate({ search: (before) => nodeFilterFromSearch({ ...before, ...change }), replace: true });
  return (
    <div className={classes.page}>
      <PageHeader
        title={t("pages.nodes")}
        beside={data && <span className="qd-dim qd-num">{format.number(all.length)}</span>}
      />
      <StaleNote
        asOf={data?.as_of}
        stale={data?.stale}
        reason={data?.stale_reason}
        fallback={data?.fallback}
      />
      <NodeFilters nodes={all} filter={filter} onChange={narrow} />
      {canAct && <NodeSelection cluster={cluster} chosen={chosen} selection={selection} />}
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.list}>
        {!data && !error && <LoadingRows rows={14} height={35} />}
        {data && nodes.length === 0 && (
          <Empty
            icon={<IconServer2 size={20} />}
            title={t("nodes.none")}
            actions={
              <Button variant="default" onClick={() => void navigate({ search: {}, replace: true })}>
                {t("nodes.clearFilters")}
              </Button>
            }
          >
            {t("nodes.noneAdvice")}
          </Empty>
        )}
        {nodes.length > 0 && filter.view === "grid" && (
          <NodeGrid
            cluster={cluster}
            nodes={nodes}
            colour={filter.colour ?? "state"}
            selection={canAct ? selection : undefined}
          />
        )}
        {nodes.length > 0 && filter.view !== "grid" && (
          <ScrollingTable
            label={t("pages.nodes")}
            columns={columns}
            rows={nodes}
            rowKey={nameOf}
            {...(filter.sort ? { sort: filter.sort } : {})}
            onSort={(sort) => narrow({ sort })}
            selection={canAct ? selection : undefined}
            selectLabel={({ name }) => t("nodes.selectNode", { node: name })}
            onOpen={({ name }) =>
              void openPage({ to: "/clusters/$cluster/nodes/$node", params: { cluster, node: name } })
            }
          />
        )}
      </div>
    </div>
  );
}

function nameOf({ name }: Node): string {
  return name;
}

/** The local queue's only node is the portal's own host, with which nothing can be done. */
function useCanAct(cluster: string): boolean {
  const { data } = useQuery(clustersQuery);
  const isOperator = useIsOperator();
  const hasUnixUser = Boolean(useUser()?.unix_user);
  const scheduler = data?.items.find(({ name }) => name === cluster)?.scheduler;
  return isOperator && hasUnixUser && scheduler === "slurm";
}
