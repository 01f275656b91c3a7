// Every node as a small field coloured by its state, and the states counted in words.
import { Anchor, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFollowNodes } from "../live/follow-nodes";
import { nodesQuery } from "../nodes/queries";
import { useFormat } from "../ui/format";
import { Panel } from "../ui/Panel";
import { NodeStateBadge, toneOfNode } from "../ui/StateBadge";
import { ProblemNote } from "../ui/states";
import classes from "./overview.module.css";

/** Of a row of nodes and a row of counts. */
const HEIGHT = 50;

/** Its place, while it is not known whether there is anything to show. */
export function NodesToCome() {
  const { t } = useTranslation();
  return (
    <Panel title={t("pages.nodes")}>
      <Skeleton height={HEIGHT} />
    </Panel>
  );
}

export function NodesAtAGlance({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  useFollowNodes(cluster);
  const { data, error, refetch } = useQuery(nodesQuery(cluster));
  const counts = new Map<string, number>();
  for (const { state } of data?.items ?? []) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <Panel
      title={t("pages.nodes")}
      actions={
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/clusters/$cluster/nodes" params={{ cluster }} {...props} />}
        >
          {t("overview.allNodes")}
        </Anchor>
      }
    >
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton height={HEIGHT} />}
      {data && (
        <>
          <div className={classes.nodes} aria-hidden>
            {data.items.map((node) => (
              <span
                key={node.name}
                className={classes.node}
                data-tone={toneOfNode(node.state)}
                title={`${node.name}: ${node.state}`}
              />
            ))}
          </div>
          <ul className={classes.nodeCounts}>
            {[...counts].map(([state, count]) => (
              <li key={state}>
                <Link
                  to="/clusters/$cluster/nodes"
                  params={{ cluster }}
                  search={{ state }}
                  className={classes.nodeCount}
                >
                  <NodeStateBadge state={state} /> <span className="qd-num">{format.number(count)}</span>
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
