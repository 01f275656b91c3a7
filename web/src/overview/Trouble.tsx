// What an operator should look at first: nodes out of service and why, sources that are not read, agents that are silent.
import { IconAlertTriangle, IconCheck, IconCloudOff, IconUserOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Trouble as TroubleData } from "../api/types";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { useProblemText } from "../ui/problem-text";
import { NodeStateBadge } from "../ui/StateBadge";
import { LoadingRows, ProblemNote } from "../ui/states";
import { Ago } from "../ui/time";
import { troubleQuery } from "./queries";
import classes from "./trouble.module.css";

/** The others are on the page of the nodes. */
const SHOWN = 6;

export function Trouble({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(troubleQuery(cluster));
  const isFine = data && data.nodes.length + data.agents.length + data.sources.length === 0;
  return (
    <Panel title={t("cluster.trouble.title")} className={classes.panel}>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows rows={1} />}
      {isFine && (
        <p className={classes.fine}>
          <IconCheck size={16} aria-hidden /> {t("cluster.trouble.nothing")}
        </p>
      )}
      {data && !isFine && (
        <div className={classes.parts}>
          <Sources trouble={data} />
          <Agents trouble={data} />
          <Nodes cluster={cluster} trouble={data} />
        </div>
      )}
    </Panel>
  );
}

function Sources({ trouble }: { trouble: TroubleData }) {
  const { t } = useTranslation();
  const stale = useProblemText().stale;
  return trouble.sources.map(({ source, as_of, reason }) => (
    <div key={source} className={classes.part}>
      <h3 className={classes.heading}>
        <IconCloudOff size={16} aria-hidden /> {t(`cluster.trouble.sources.${source}`)}
        {as_of && (
          <span className={classes.age}>
            <Ago at={as_of} />
          </span>
        )}
      </h3>
      <p className={classes.words}>{stale(reason)}</p>
    </div>
  ));
}

function Agents({ trouble: { agents } }: { trouble: TroubleData }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (agents.length === 0) return null;
  const words = { count: agents.length, formatted: format.number(agents.length) };
  return (
    <div className={classes.part}>
      <h3 className={classes.heading}>
        <IconUserOff size={16} aria-hidden /> {t("cluster.trouble.agents", words)}
      </h3>
      <ul className={classes.list}>
        {agents.slice(0, SHOWN).map(({ user, reason, at }) => (
          <li key={user} title={reason}>
            <strong>{user}</strong>
            <span className={classes.reason}>{reason}</span>
            <span className={classes.age}>
              <Ago at={at} />
            </span>
          </li>
        ))}
      </ul>
      <More all={agents.length} />
    </div>
  );
}

function Nodes({ cluster, trouble: { nodes, nodes_total: all } }: { cluster: string; trouble: TroubleData }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (all === 0) return null;
  return (
    <div className={classes.part}>
      <h3 className={classes.heading}>
        <IconAlertTriangle size={16} aria-hidden />{" "}
        {t("cluster.trouble.nodes", { count: all, formatted: format.number(all) })}
      </h3>
      <ul className={classes.list}>
        {nodes.slice(0, SHOWN).map((node) => (
          <li key={node.name}>
            <Link
              to="/clusters/$cluster/nodes/$node"
              params={{ cluster, node: node.name }}
              className="qd-link"
            >
              {node.name}
            </Link>
            <NodeStateBadge state={node.state} />
            <span className={classes.reason}>
              {node.reason && node.reason_by
                ? t("cluster.trouble.reason", { reason: node.reason, user: node.reason_by })
                : (node.reason ?? t("cluster.trouble.noReason"))}
              {node.cpus_used > 0 &&
                ` · ${t("cluster.trouble.busy", { count: node.cpus_used, formatted: format.number(node.cpus_used) })}`}
            </span>
            {node.since && (
              <span className={classes.age}>
                <Ago at={node.since} />
              </span>
            )}
          </li>
        ))}
      </ul>
      <More all={all} />
    </div>
  );
}

function More({ all }: { all: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (all <= SHOWN) return null;
  return (
    <p className={classes.words}>{t("cluster.trouble.more", { formatted: format.number(all - SHOWN) })}</p>
  );
}
