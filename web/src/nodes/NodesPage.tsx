// The cluster's nodes: as a table or as a grid, and what operators do to one or many.
import { Button, Checkbox, NativeSelect, SegmentedControl } from "@mantine/core";
import { IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Node, NodeAction } from "../api/types";
import { useIsOperator } from "../auth/use-session";
import { useLookUp } from "../i18n/use-look-up";
import { useFollowNodes } from "../live/follow-nodes";
import type { Column } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { PageHeader } from "../ui/PageHeader";
import { ScrollingTable } from "../ui/ScrollingTable";
import { SearchBox } from "../ui/SearchBox";
import { NodeStateBadge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import toolbar from "../ui/toolbar.module.css";
import { AskNodeAction } from "./AskNodeAction";
import { matching, NODE_COLOURS, NODE_VIEWS, type NodeFilter, nodeFilterFromSearch } from "./filter";
import { NodeGrid } from "./NodeGrid";
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
  const isOperator = useIsOperator();
  const { data, error, refetch } = useQuery(nodesQuery(cluster));
  const all = useMemo(() => data?.items ?? [], [data]);
  const nodes = useMemo(() => matching(all, filter), [all, filter]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  // What is not in the list any more, or filtered away, is not acted upon.
  const chosen = nodes.filter(({ name }) => selected.has(name)).map(({ name }) => name);
  const toggle = (name: string) =>
    setSelected((before) => {
      const after = new Set(before);
      if (!after.delete(name)) after.add(name);
      return after;
    });
  const columns = useNodeColumns(cluster, isOperator ? { selected, toggle } : null);
  const narrow = (change: Record<string, string>) =>
    void navigate({ search: (before) => nodeFilterFromSearch({ ...before, ...change }), replace: true });
  return (
    <div className={classes.page}>
      <PageHeader
        title={t("nodes.title")}
        beside={data && <span className="qd-dim qd-num">{format.number(all.length)}</span>}
      />
      <StaleNote
        asOf={data?.as_of}
        stale={data?.stale}
        reason={data?.stale_reason}
        fallback={data?.fallback}
      />
      <NodeFilters nodes={all} filter={filter} onChange={narrow} />
      {isOperator && (
        <Selection
          cluster={cluster}
          chosen={chosen}
          onAll={() => setSelected(new Set(nodes.map(({ name }) => name)))}
          onNone={() => setSelected(new Set())}
        />
      )}
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
          <NodeGrid cluster={cluster} nodes={nodes} colour={filter.colour ?? "state"} />
        )}
        {nodes.length > 0 && filter.view !== "grid" && (
          <ScrollingTable
            label={t("nodes.title")}
            columns={columns}
            rows={nodes}
            rowKey={(node) => node.name}
            onOpen={({ name }) =>
              void openPage({ to: "/clusters/$cluster/nodes/$node", params: { cluster, node: name } })
            }
          />
        )}
      </div>
    </div>
  );
}

interface FiltersProps {
  nodes: Node[];
  filter: NodeFilter;
  onChange(change: Record<string, string>): void;
}

function NodeFilters({ nodes, filter, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  // The URL may name one that is no more.
  const options = (values: (string | undefined)[]) =>
    [...new Set(values)].filter((value) => value !== undefined).sort();
  return (
    <search className={toolbar.toolbar}>
      <SearchBox label={t("nodes.search")} value={filter.q ?? ""} onChange={(q) => onChange({ q })} />
      <NativeSelect
        aria-label={t("nodes.columns.state")}
        value={filter.state ?? ""}
        onChange={(event) => onChange({ state: event.currentTarget.value })}
        data={[
          { value: "", label: t("nodes.anyState") },
          ...options([filter.state, ...nodes.map(({ state }) => state)]).map((value) => ({
            value,
            label: lookUp(`states.node.${value.toLowerCase()}`) ?? value,
          })),
        ]}
      />
      <NativeSelect
        aria-label={t("nodes.columns.partitions")}
        value={filter.partition ?? ""}
        onChange={(event) => onChange({ partition: event.currentTarget.value })}
        data={[
          { value: "", label: t("jobs.anyPartition") },
          ...options([filter.partition, ...nodes.flatMap(({ partitions }) => partitions)]).map((value) => ({
            value,
            label: value,
          })),
        ]}
      />
      <SegmentedControl
        aria-label={t("nodes.view")}
        size="xs"
        value={filter.view ?? "table"}
        onChange={(view) => onChange({ view })}
        data={NODE_VIEWS.map((value) => ({ value, label: t(`nodes.views.${value}`) }))}
      />
      {filter.view === "grid" && (
        <NativeSelect
          aria-label={t("nodes.colour")}
          value={filter.colour ?? "state"}
          onChange={(event) => onChange({ colour: event.currentTarget.value })}
          data={NODE_COLOURS.map((value) => ({ value, label: t(`nodes.colours.${value}`) }))}
        />
      )}
    </search>
  );
}

interface SelectionProps {
  cluster: string;
  chosen: string[];
  onAll(): void;
  onNone(): void;
}

const ACTIONS: NodeAction[] = ["drain", "resume", "reboot"];
/** As many as the server takes in one request. */
const MOST_NODES = 500;

function Selection({ cluster, chosen, onAll, onNone }: SelectionProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asking, setAsking] = useState<{ action: NodeAction; nodes: string[] } | null>(null);
  const tooMany = chosen.length > MOST_NODES;
  return (
    <div className={classes.selection}>
      <Button variant="default" onClick={onAll}>
        {t("nodes.selectAll")}
      </Button>
      {chosen.length > 0 && (
        <>
          <Button variant="default" onClick={onNone}>
            {t("nodes.selectNone")}
          </Button>
          <span role="status">
            {tooMany
              ? t("nodes.tooMany", { formatted: format.number(MOST_NODES) })
              : t("nodes.selected", { count: chosen.length, formatted: format.number(chosen.length) })}
          </span>
          {ACTIONS.map((action) => (
            <Button
              key={action}
              variant="default"
              disabled={tooMany}
              onClick={() => setAsking({ action, nodes: chosen })}
            >
              {t(`nodes.actions.${action}`)}
            </Button>
          ))}
        </>
      )}
      {asking && (
        <AskNodeAction
          cluster={cluster}
          nodes={asking.nodes}
          action={asking.action}
          onClose={() => setAsking(null)}
          onDone={onNone}
        />
      )}
    </div>
  );
}

interface Selecting {
  selected: ReadonlySet<string>;
  toggle(name: string): void;
}

/** @param selecting `null`: whoever looks may do nothing with them. */
function useNodeColumns(cluster: string, selecting: Selecting | null): Column<Node>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const used = (node: Node, label: string, use: Node["cpus"], word: (value: number) => string) => (
    <span className={classes.used}>
      <span>{t("overview.usedOf", { used: word(use.used), total: word(use.total) })}</span>
      <Bar label={`${node.name}: ${label}`} value={use.total > 0 ? use.used / use.total : 0} thin />
    </span>
  );
  const flags = (node: Node) => node.flags.map((flag) => lookUp(`nodes.flags.${flag}`) ?? flag);
  return [
    {
      id: "name",
      header: t("nodes.columns.name"),
      width: 130,
      cell: (node) => (
        <span className={classes.named}>
          {selecting && (
            <Checkbox
              aria-label={t("nodes.selectNode", { node: node.name })}
              checked={selecting.selected.has(node.name)}
              onChange={() => selecting.toggle(node.name)}
            />
          )}
          <Link
            to="/clusters/$cluster/nodes/$node"
            params={{ cluster, node: node.name }}
            className="qd-link"
            title={node.name}
          >
            {node.name}
          </Link>
        </span>
      ),
    },
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
          {[node.reason, ...flags(node)].filter(Boolean).join(" · ")}
        </span>
      ),
    },
  ];
}
