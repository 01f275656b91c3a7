// When a node was out of service, why, and who said so: the newest first.
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { NodePeriod } from "../api/types";
import { type Column, DataTable } from "../ui/DataTable";
import { Panel } from "../ui/Panel";
import { NodeStateBadge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote } from "../ui/states";
import { Elapsed, Moment } from "../ui/time";
import { nodeHistoryQuery } from "./queries";

export function NodeHistory({ cluster, node }: { cluster: string; node: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(nodeHistoryQuery(cluster, node));
  const columns = usePeriodColumns();
  return (
    <Panel title={t("nodeHistory.title")} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={3} height={35} />}
      {data?.items.length === 0 && <Empty icon={<IconCheck size={20} />} title={t("nodeHistory.none")} />}
      {data && data.items.length > 0 && (
        <DataTable
          label={t("nodeHistory.title")}
          columns={columns}
          rows={data.items}
          rowKey={({ started_at, state, source }) => `${started_at} ${state} ${source}`}
        />
      )}
    </Panel>
  );
}

function usePeriodColumns(): Column<NodePeriod>[] {
  const { t } = useTranslation();
  const reason = ({ reason: words, reason_by: user }: NodePeriod) => {
    if (!words) return t("nodeHistory.noReason");
    return user ? t("nodeHistory.by", { reason: words, user }) : words;
  };
  return [
    {
      id: "state",
      header: t("nodeHistory.state"),
      width: 110,
      cell: ({ state }) => <NodeStateBadge state={state} />,
    },
    {
      id: "reason",
      header: t("nodeHistory.reason"),
      width: 230,
      cell: (period) => {
        const more = [
          period.ended_by && t("nodeHistory.endedBy", { user: period.ended_by }),
          period.source === "accounting" && t("nodeHistory.fromAccounting"),
        ].filter(Boolean);
        const words = [reason(period), ...more].join(" · ");
        return <span title={words}>{words}</span>;
      },
    },
    {
      id: "from",
      header: t("nodeHistory.from"),
      width: 110,
      cell: ({ started_at }) => <Moment at={started_at} />,
    },
    {
      id: "to",
      header: t("nodeHistory.to"),
      width: 100,
      minor: true,
      cell: ({ ended_at }) => (ended_at ? <Moment at={ended_at} /> : t("nodeHistory.now")),
    },
    {
      id: "lasted",
      header: t("nodeHistory.lasted"),
      width: 80,
      align: "end",
      minor: true,
      cell: ({ started_at, ended_at }) => <Elapsed from={started_at} to={ended_at} />,
    },
  ];
}
