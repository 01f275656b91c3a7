// Cancel, hold, release, requeue, signal, change, submit again: what the server says may be done with this job. What destroys something asks first.

import { Button } from "@mantine/core";
import {
  IconBan,
  IconBolt,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconRepeat,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { JobAction, JobDetail } from "../api/types";
import { Confirm } from "../ui/Confirm";
import { nameOf } from "./name";
import { jobQuery } from "./queries";
import { groupOf } from "./states";

// Most look at a job and do nothing with it.
const SignalJob = lazy(async () => ({ default: (await import("./SignalJob")).SignalJob }));
const ChangeJob = lazy(async () => ({ default: (await import("./ChangeJob")).ChangeJob }));

/** What needs no more than a yes. */
type PlainAction = Exclude<JobAction, "signal" | "update" | "resubmit">;

const ICONS: Record<PlainAction, ReactNode> = {
  cancel: <IconBan size={15} />,
  hold: <IconPlayerPause size={15} />,
  release: <IconPlayerPlay size={15} />,
  requeue: <IconRefresh size={15} />,
};

export function JobActions({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [asking, setAsking] = useState<PlainAction | null>(null);
  const [dialog, setDialog] = useState<"signal" | "update" | null>(null);
  const close = () => setDialog(null);
  const act = useMutation({
    mutationFn: (action: PlainAction) => send(cluster, job.id, action),
    onSuccess: () => setAsking(null),
    onSettled: () => cache.invalidateQueries({ queryKey: jobQuery(cluster, job.id).queryKey }),
  });
  // Holding and releasing lose nothing: they need no question, but a failure needs a place to be told.
  const start = (action: PlainAction) => {
    act.reset();
    if (action === "cancel" || action === "requeue") setAsking(action);
    else act.mutate(action, { onError: () => setAsking(action) });
  };
  const shown = asking ?? "cancel";
  const running = groupOf(job.state) === "running";
  return (
    <>
      {job.actions.filter(isPlain).map((action) => (
        <Button
          key={action}
          variant="default"
          leftSection={ICONS[action]}
          loading={act.isPending && act.variables === action && !asking}
          onClick={() => start(action)}
        >
          {t(`jobs.actions.${action}`)}
        </Button>
      ))}
      {job.actions.includes("signal") && (
        <Button variant="default" leftSection={<IconBolt size={15} />} onClick={() => setDialog("signal")}>
          {t("jobActions.signal.open")}
        </Button>
      )}
      {job.actions.includes("update") && (
        <Button variant="default" leftSection={<IconPencil size={15} />} onClick={() => setDialog("update")}>
          {t("jobActions.change.open")}
        </Button>
      )}
      {job.actions.includes("resubmit") && (
        <Button
          variant="default"
          leftSection={<IconRepeat size={15} />}
          renderRoot={(props) => (
            <Link
              to="/clusters/$cluster/new-job"
              params={{ cluster }}
              search={{ again: job.id }}
              {...props}
            />
          )}
        >
          {t("jobActions.again.open")}
        </Button>
      )}
      <Suspense>
        {dialog === "signal" && <SignalJob cluster={cluster} job={job} onClose={close} />}
        {dialog === "update" && <ChangeJob cluster={cluster} job={job} onClose={close} />}
      </Suspense>
      <Confirm
        opened={asking !== null}
        title={t(`jobs.confirm.${shown}.title`, { name: nameOf(job) })}
        deed={t(`jobs.confirm.${shown}.deed`)}
        destructive={shown === "cancel" || (shown === "requeue" && running)}
        busy={act.isPending}
        error={act.error}
        onConfirm={() => act.mutate(shown)}
        onClose={() => setAsking(null)}
      >
        <p style={{ marginTop: 0 }}>
          {t(`jobs.confirm.${shown}.${running ? "running" : "waiting"}`, {
            name: nameOf(job),
            id: job.job_id ?? job.id,
          })}
        </p>
      </Confirm>
    </>
  );
}

function isPlain(action: JobAction): action is PlainAction {
  return action in ICONS;
}

function send(cluster: string, job: string, action: PlainAction) {
  const params = { path: { cluster, job } };
  switch (action) {
    case "cancel":
      return client.DELETE("/api/v1/clusters/{cluster}/jobs/{job}", { params });
    case "hold":
      return client.POST("/api/v1/clusters/{cluster}/jobs/{job}/hold", { params });
    case "release":
      return client.POST("/api/v1/clusters/{cluster}/jobs/{job}/release", { params });
    case "requeue":
      return client.POST("/api/v1/clusters/{cluster}/jobs/{job}/requeue", { params });
  }
}
