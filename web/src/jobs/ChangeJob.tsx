// Changes what may still be changed of a job. What Slurm refuses is told at its field where it names one.

import { Button, Checkbox, Modal, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { JobDetail, JobUpdate } from "../api/types";
import { useIsOperator } from "../auth/use-session";
import { partitionsQuery } from "../nodes/queries";
import { holdWhileComposing } from "../ui/composition";
import { useFieldErrors } from "../ui/field-errors";
import { ProblemNote } from "../ui/states";
import { type ChangeForm, changeFormOf, changeOf } from "./change-of";
import classes from "./jobs.module.css";
import { nameOf } from "./name";
import { jobQuery } from "./queries";
import { groupOf } from "./states";

const FIELDS = [
  "name",
  "time_limit_minutes",
  "partition",
  "account",
  "qos",
  "reservation",
  "dependency",
  "nice",
  "priority",
].map((name) => `/${name}`);

interface Props {
  cluster: string;
  job: JobDetail;
  onClose(): void;
}

export function ChangeJob({ cluster, job, onClose }: Props) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const isOperator = useIsOperator();
  const { data: partitions } = useQuery(partitionsQuery(cluster));
  const [before] = useState(() => changeFormOf(job));
  const [form, setForm] = useState(before);
  const update = changeOf(before, form);
  const change = useMutation({
    mutationFn: () =>
      client.PATCH("/api/v1/clusters/{cluster}/jobs/{job}", {
        params: { path: { cluster, job: job.id } },
        // What is left out stays; the document says null for it.
        body: update as JobUpdate,
      }),
    onSuccess: onClose,
    onSettled: () => cache.invalidateQueries({ queryKey: jobQuery(cluster, job.id).queryKey }),
  });
  const errors = useFieldErrors(change.error, FIELDS);
  const waits = groupOf(job.state) === "waiting";
  const set = (part: Partial<ChangeForm>) => setForm((now) => ({ ...now, ...part }));
  const text = (
    name: "name" | "partition" | "account" | "qos" | "reservation" | "dependency",
    label: string,
    more: { description?: string; placeholder?: string; disabled?: boolean } = {},
  ) => (
    <TextInput
      label={label}
      value={form[name]}
      error={errors.at(`/${name}`)}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      {...more}
    />
  );
  const number = (
    name: "minutes" | "nice" | "priority",
    pointer: string,
    label: string,
    description?: string,
  ) => (
    <NumberInput
      label={label}
      description={description}
      placeholder={name === "minutes" ? t("resources.unlimited") : t("jobActions.change.unchanged")}
      value={form[name]}
      error={errors.at(pointer)}
      allowDecimal={false}
      clampBehavior="none"
      onChange={(value) => set({ [name]: value === "" ? "" : Number(value) })}
    />
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!change.isPending) change.mutate();
  };
  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={t("jobActions.change.title", { name: nameOf(job) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} onKeyDown={holdWhileComposing} noValidate>
        <div className={classes.fields}>
          {number(
            "minutes",
            "/time_limit_minutes",
            t("jobActions.change.minutes"),
            waits ? undefined : t("jobActions.change.raise"),
          )}
          {text("name", t("jobActions.change.name"))}
          {waits && (
            <>
              <NativeSelect
                label={t("resources.partition")}
                value={form.partition}
                error={errors.at("/partition")}
                onChange={(event) => set({ partition: event.currentTarget.value })}
                data={[...new Set([before.partition, ...(partitions?.items ?? []).map(({ name }) => name)])]}
              />
              {text("account", t("resources.account"))}
              {text("qos", t("resources.qos"))}
              <div>
                {text("reservation", t("jobActions.change.reservation"), {
                  placeholder: t("jobActions.change.unchanged"),
                  disabled: form.withoutReservation,
                })}
                <Checkbox
                  mt={6}
                  size="xs"
                  label={t("jobActions.change.removeReservation")}
                  checked={form.withoutReservation}
                  onChange={(event) => set({ withoutReservation: event.currentTarget.checked })}
                />
              </div>
              <div>
                {text("dependency", t("jobActions.change.dependency"), {
                  description: t("jobActions.change.dependencyHint"),
                  placeholder: t("jobActions.change.unchanged"),
                  disabled: form.withoutDependency,
                })}
                <Checkbox
                  mt={6}
                  size="xs"
                  label={t("jobActions.change.removeDependency")}
                  checked={form.withoutDependency}
                  onChange={(event) => set({ withoutDependency: event.currentTarget.checked })}
                />
              </div>
              {number("nice", "/nice", t("jobActions.change.nice"), t("jobActions.change.niceHint"))}
              {isOperator && number("priority", "/priority", t("jobActions.change.priority"))}
            </>
          )}
        </div>
        <div className={classes.note}>{errors.rest !== null && <ProblemNote error={errors.rest} />}</div>
        <p className="qd-dim">{t("jobActions.change.only")}</p>
        <Button type="submit" loading={change.isPending} disabled={Object.keys(update).length === 0}>
          {t("common.save")}
        </Button>
      </form>
    </Modal>
  );
}
