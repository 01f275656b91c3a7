// Sends a signal to a job that runs.

import { Button, Modal, NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { JobDetail } from "../api/types";
import { ProblemNote } from "../ui/states";
import { nameOf } from "./name";

const SIGNALS = ["USR1", "USR2", "TERM", "INT", "HUP", "QUIT", "STOP", "CONT", "TSTP", "KILL"] as const;
const TARGETS = ["all", "script", "steps"] as const;

interface Props {
  cluster: string;
  job: JobDetail;
  onClose(): void;
}

export function SignalJob({ cluster, job, onClose }: Props) {
  const { t } = useTranslation();
  const [signal, setSignal] = useState<(typeof SIGNALS)[number]>("USR1");
  const [to, setTo] = useState<(typeof TARGETS)[number]>("all");
  const send = useMutation({
    mutationFn: () =>
      client.POST("/api/v1/clusters/{cluster}/jobs/{job}/signal", {
        params: { path: { cluster, job: job.id } },
        body: { signal, to },
      }),
    onSuccess: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!send.isPending) send.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("jobActions.signal.title", { name: nameOf(job) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit}>
        <NativeSelect
          label={t("jobActions.signal.signal")}
          value={signal}
          onChange={(event) => setSignal(SIGNALS.find((s) => s === event.currentTarget.value) ?? signal)}
          data={SIGNALS.map((value) => ({
            value,
            label: `${value} – ${t(`jobActions.signal.hints.${value}`)}`,
          }))}
        />
        <NativeSelect
          mt="sm"
          label={t("jobActions.signal.to")}
          value={to}
          onChange={(event) => setTo(TARGETS.find((target) => target === event.currentTarget.value) ?? to)}
          data={TARGETS.map((value) => ({ value, label: t(`jobActions.signal.targets.${value}`) }))}
        />
        {send.error && <ProblemNote error={send.error} />}
        <Button
          type="submit"
          mt="md"
          fullWidth
          loading={send.isPending}
          color={signal === "KILL" ? "red" : undefined}
        >
          {t("jobActions.signal.send", { signal })}
        </Button>
      </form>
    </Modal>
  );
}
