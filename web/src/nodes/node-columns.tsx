// Nodes as rows.
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import type { Column } from "../ui/DataTable";
import { useFormat } from "../ui/format";
import { Bar } from "../ui/Meter";
import { NodeStateBadge } from "../ui/StateBadge";
import classes from "./nodes.module.css";

export function useNodeColumns(cluster: string): Column<Node>[] {
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
      sortable: true,
      header: t("nodes.columns.name"),
      width: 130,
      cell: (node) => (
        <Link
          to="/clusters/$cluster/nodes/$node"
          params={{ cluster, node: node.name }}
          className="qd-link"
          title={node.name}
        >
          {node.name}
        </Link>
      ),
    },
    {
      id: "state",
      sortable: true,
      header: t("nodes.columns.state"),
      width: 130,
      cell: (node) => <NodeStateBadge state={node.state} />,
    },
    {
      id: "cpus",
      sortable: true,
      header: t("resources.cpus"),
      width: 130,
      cell: (node) => used(node, t("resources.cpus"), node.cpus, format.number),
    },
    {
      id: "memory",
      sortable: true,
      header: t("resources.memory"),
      width: 160,
      minor: true,
      cell: (node) => used(node, t("resources.memory"), node.memory_mib, format.mebibytes),
    },
    {
      id: "gpus",
      sortable: true,
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
      sortable: true,
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
