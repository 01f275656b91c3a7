// How often what may be done, how it is counted, and what was refused lately.
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Limit, Limits } from "../../api/types";
import { CodeView } from "../../ui/CodeView";
import { type Column, DataTable } from "../../ui/DataTable";
import { useFormat } from "../../ui/format";
import { PageHeader } from "../../ui/PageHeader";
import { Panel } from "../../ui/Panel";
import { Badge } from "../../ui/StateBadge";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { AdminOnly } from "../AdminOnly";
import classes from "../admin.module.css";
import { limitsQuery } from "./queries";
import { useRateText } from "./rate-text";

/** As the configuration writes it. */
const EXAMPLE = `[limits]
submit = "60/min, burst 100"
new_upload = "5000/h"
reboot = "off"
`;

export function LimitsPage() {
  const { t } = useTranslation();
  return (
    <AdminOnly title={t("pages.limits")}>
      <LimitsInForce />
    </AdminOnly>
  );
}

function LimitsInForce() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(limitsQuery);
  const columns = useLimitColumns();
  return (
    <>
      <PageHeader
        title={t("pages.limits")}
        beside={data && <Kept limits={data} />}
        below={t("limits.below")}
      />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      <div className={classes.page}>
        <Panel title={t("limits.inForce")} flush>
          {!data && !error && <LoadingRows rows={8} height={35} />}
          {data && (
            <DataTable
              label={t("limits.inForce")}
              columns={columns}
              rows={data.items}
              rowKey={(limit) => limit.class}
            />
          )}
        </Panel>
        <Panel title={t("limits.howToChange")} flush>
          <p className={classes.note} style={{ padding: "12px 14px" }}>
            {t("limits.howToChangeText")}
          </p>
          <CodeView code={EXAMPLE} label={t("limits.howToChange")} />
        </Panel>
      </div>
    </>
  );
}

/** Where is counted, and whether that works. */
function Kept({ limits }: { limits: Limits }) {
  const { t } = useTranslation();
  if (limits.store === "process") return <span className="qd-dim">{t("limits.stores.process")}</span>;
  return limits.store_state === "down" ? (
    <Badge tone="failed">{t("limits.stores.redisDown")}</Badge>
  ) : (
    <Badge tone="completed">{t("limits.stores.redisUp")}</Badge>
  );
}

function useLimitColumns(): Column<Limit>[] {
  const { t } = useTranslation();
  const format = useFormat();
  const rateText = useRateText();
  return [
    {
      id: "class",
      header: t("limits.columns.class"),
      width: 200,
      cell: (limit) => t(`limits.classes.${limit.class}`),
    },
    {
      id: "rate",
      header: t("limits.columns.rate"),
      width: 230,
      cell: (limit) => rateText(limit),
    },
    {
      id: "counted",
      header: t("limits.columns.counted"),
      width: 230,
      minor: true,
      cell: (limit) => t(`limits.countedBy.${limit.counted_by}`),
    },
    {
      id: "setting",
      header: t("limits.columns.setting"),
      width: 156,
      minor: true,
      cell: (limit) => <span className="qd-mono">limits.{limit.class}</span>,
    },
    {
      id: "refused",
      header: t("limits.columns.refused"),
      width: 120,
      align: "end",
      cell: (limit) => (
        <span
          style={limit.refused_last_hour > 0 ? { color: "var(--qd-waiting)", fontWeight: 600 } : undefined}
        >
          {format.number(limit.refused_last_hour)}
        </span>
      ),
    },
  ];
}
