// One node: its state and why, how much of it is in use and by which jobs, and what it is.
import { Anchor, Button, Stack } from "@mantine/core";
import { IconListDetails, IconServerOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import type { NodeAction, NodeDetail } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { ShortJobTable } from "../jobs/JobTable";
import { useFollowNodes } from "../live/follow-nodes";
import { useFormat } from "../ui/format";
import { Meter } from "../ui/Meter";
import { PageHeader } from "../ui/PageHeader";
import { Panel } from "../ui/Panel";
import { Properties } from "../ui/Properties";
import { NodeStateBadge } from "../ui/StateBadge";
import { Empty, LoadingRows, ProblemNote, StaleNote } from "../ui/states";
import { Moment } from "../ui/time";
import { WithSide } from "../ui/WithSide";
import { AskNodeAction } from "./AskNodeAction";
import { NodeHistory } from "./NodeHistory";
import classes from "./nodes.module.css";
import { nodeQuery } from "./queries";

const route = getRouteApi("/frame/clusters/$cluster/nodes/$node");

export function NodePage() {
  const { t } = useTranslation();
  const { cluster, node: name } = route.useParams();
  useFollowNodes(cluster);
  const { data: node, error, refetch } = useQuery(nodeQuery(cluster, name));
  const [asking, setAsking] = useState<NodeAction | null>(null);
  const isGone = error !== null && asProblem(error).status === 404;
  return (
    <>
      <PageHeader
        title={name}
        above={
          <Anchor
            size="sm"
            renderRoot={(props) => <Link to="/clusters/$cluster/nodes" params={{ cluster }} {...props} />}
          >
            {t("pages.nodes")}
          </Anchor>
        }
        beside={node && <NodeStateBadge state={node.state} />}
        below={node && <Reason node={node} />}
        actions={node?.actions.map((action) => (
          <Button key={action} variant="default" onClick={() => setAsking(action)}>
            {t(`nodes.actions.${action}`)}
          </Button>
        ))}
      />
      {isGone && (
        <Empty icon={<IconServerOff size={20} />} title={t("nodes.gone")}>
          {t("nodes.goneAdvice")}
        </Empty>
      )}
      {error && !isGone && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!node && !error && <LoadingRows rows={8} />}
      {node && (
        <>
          <StaleNote asOf={node.as_of} stale={node.stale} reason={node.stale_reason} />
          <WithSide
            sideFirst
            side={
              <>
                <Panel title={t("nodes.use")}>
                  <Use node={node} />
                </Panel>
                <Panel title={t("nodes.details")}>
                  <Details node={node} />
                </Panel>
              </>
            }
          >
            <Stack gap="var(--qd-gap)" miw={0}>
              <Panel title={t("nodes.jobs")} flush>
                {node.jobs.length > 0 ? (
                  <ShortJobTable cluster={cluster} jobs={node.jobs} label={t("nodes.jobs")} />
                ) : (
                  <Empty icon={<IconListDetails size={20} />} title={t("nodes.noJobs")} />
                )}
              </Panel>
              <NodeHistory cluster={cluster} node={name} />
            </Stack>
          </WithSide>
        </>
      )}
      {asking && (
        <AskNodeAction cluster={cluster} nodes={[name]} action={asking} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

function Reason({ node }: { node: NodeDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (!node.reason) return null;
  if (!node.reason_by || !node.reason_at) return <>{node.reason}</>;
  return (
    <>
      {t("nodes.reasonBy", {
        reason: node.reason,
        user: node.reason_by,
        time: format.shortMoment(node.reason_at),
      })}
    </>
  );
}

function Use({ node }: { node: NodeDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const parts = [
    { label: t("resources.cpus"), use: node.cpus, word: format.number },
    { label: t("resources.memory"), use: node.memory_mib, word: format.mebibytes },
    { label: t("resources.gpus"), use: node.gpus, word: format.number },
  ];
  return (
    <div className={classes.meters}>
      {parts
        .filter(({ use }) => use.total > 0)
        .map(({ label, use, word }) => (
          <Meter
            key={label}
            label={label}
            value={use.used / use.total}
            words={t("overview.usedOf", { used: word(use.used), total: word(use.total) })}
          />
        ))}
    </div>
  );
}

function Details({ node }: { node: NodeDetail }) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const list = (words: string[]) => (words.length > 0 ? words.join(", ") : null);
  const sameFeatures = [...node.features].sort().join() === [...node.active_features].sort().join();
  return (
    <Properties
      items={[
        {
          name: t("nodes.flagsOf"),
          value: list(node.flags.map((flag) => lookUp(`nodes.flags.${flag}`) ?? flag)),
          wide: true,
        },
        {
          name: t("nodes.columns.load"),
          value: typeof node.load === "number" ? format.number(node.load, 2) : null,
        },
        {
          name: t("nodes.memoryFree"),
          value: typeof node.memory_free_mib === "number" ? format.mebibytes(node.memory_free_mib) : null,
        },
        { name: t("nodes.partitionsOf"), value: list(node.partitions) },
        { name: t("nodes.gres"), value: node.gres ?? null },
        { name: t("nodes.features"), value: list(node.features) },
        { name: t("nodes.activeFeatures"), value: sameFeatures ? null : list(node.active_features) },
        { name: t("nodes.bootedAt"), value: node.booted_at ? <Moment at={node.booted_at} /> : null },
        { name: t("nodes.startedAt"), value: node.started_at ? <Moment at={node.started_at} /> : null },
        { name: t("nodes.version"), value: node.version ?? null },
        { name: t("nodes.architecture"), value: node.architecture ?? null },
        { name: t("nodes.os"), value: node.os ?? null, wide: true },
      ]}
    />
  );
}
