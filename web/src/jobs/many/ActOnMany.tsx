// Asks before the same is done with several jobs, naming them; shows how it goes on, and what became of each.

import { Button, Group, Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Job } from "../../api/types";
import { useUser } from "../../auth/use-session";
import { useFormat } from "../../ui/format";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import classes from "../jobs.module.css";
import { nameOf } from "../name";
import { jobListsKey } from "../queries";
import { groupOf } from "../states";
import { actOnMany, type ManyAction, type Outcome } from "./many";

interface Props {
  cluster: string;
  action: ManyAction;
  /** As they were when it was asked: what is named is what is done. */
  jobs: Job[];
  onClose(): void;
}

export function ActOnMany({ cluster, action, jobs, onClose }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const cache = useQueryClient();
  const user = useUser()?.unix_user;
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const stopped = useRef(false);
  const act = useMutation({
    mutationFn: () => actOnMany(cluster, action, jobs, setOutcome, () => stopped.current),
    onSuccess: setOutcome,
    onSettled: () => cache.invalidateQueries({ queryKey: jobListsKey(cluster) }),
  });
  const counted = (number: number) => ({ count: number, formatted: format.number(number) });
  const running = jobs.filter((job) => groupOf(job.state) === "running").length;
  const others = jobs.filter((job) => job.user !== user).length;
  const close = () => {
    stopped.current = true;
    onClose();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={t(`jobActions.ask.${action}.title`, counted(jobs.length))}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {act.isSuccess && outcome ? (
        <Results outcome={outcome} asked={jobs.length} />
      ) : (
        <>
          <p style={{ margin: 0 }}>{t(`jobActions.ask.${action}.text`)}</p>
          {action === "cancel" && running > 0 && <p>{t("jobActions.running", counted(running))}</p>}
          {others > 0 && <p>{t("jobActions.others", counted(others))}</p>}
          <Named jobs={jobs} label={t("jobActions.named")} />
          {act.isPending && (
            <p role="status">
              {t("jobActions.progress", {
                done: format.number((outcome?.done.length ?? 0) + (outcome?.failed.length ?? 0)),
                all: format.number(jobs.length),
              })}
            </p>
          )}
        </>
      )}
      {act.error && <ProblemNote error={act.error} />}
      <Group justify="flex-end" mt="md" gap="xs">
        {act.isSuccess ? (
          <Button onClick={close}>{t("common.close")}</Button>
        ) : (
          <>
            <Button
              variant="default"
              data-autofocus
              onClick={() => {
                if (act.isPending) stopped.current = true;
                else close();
              }}
            >
              {act.isPending ? t("jobActions.stop") : t("common.keep")}
            </Button>
            <Button
              color={action === "cancel" || action === "requeue" ? "red" : undefined}
              loading={act.isPending}
              onClick={() => act.mutate()}
            >
              {t(`jobActions.ask.${action}.deed`, counted(jobs.length))}
            </Button>
          </>
        )}
      </Group>
    </Modal>
  );
}

function Results({ outcome, asked }: { outcome: Outcome; asked: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const problemText = useProblemText();
  const { done, failed, unknown, error } = outcome;
  const left = asked - done.length - failed.length - unknown.length;
  return (
    <>
      <p role="status" style={{ margin: 0 }}>
        {t("jobActions.done", { done: format.number(done.length), all: format.number(asked) })}{" "}
        {left > 0 && t("jobActions.left", { count: left, formatted: format.number(left) })}
      </p>
      {failed.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul className={classes.named} aria-label={t("jobActions.failed")} tabIndex={0}>
          {failed.map(({ job, problem }) => (
            <li key={job.id}>
              {nameOf(job)} <span className="qd-dim">{job.job_id}</span>
              <p>{problem ? problemText(problem).title : t("jobActions.noResult")}</p>
            </li>
          ))}
        </ul>
      )}
      {error ? <ProblemNote error={error} title={t("jobActions.cut")} /> : null}
      {unknown.length > 0 && <Named jobs={unknown} label={t("jobActions.unknown")} />}
    </>
  );
}

function Named({ jobs, label }: { jobs: Job[]; label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ul className={classes.named} aria-label={label} tabIndex={0}>
      {jobs.map((job) => (
        <li key={job.id}>
          {nameOf(job)} <span className="qd-dim">{job.job_id}</span>
        </li>
      ))}
    </ul>
  );
}
