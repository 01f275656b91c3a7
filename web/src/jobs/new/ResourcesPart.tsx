// Part four: the template's parameters, and what the scheduler is asked for within the partition's limits.
import { NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { choicesQuery } from "../../accounts/queries";
import type { Partition, Template } from "../../api/types";
import { useText } from "../../i18n/use-text";
import { partitionsQuery } from "../../nodes/queries";
import { useFormat } from "../../ui/format";
import { DependencyFields } from "./DependencyFields";
import { parameterPointer } from "./field-errors";
import { defaultName, type JobForm } from "./form";
import classes from "./new-job.module.css";
import type { LastUsed } from "./own-jobs";
import { ParameterField } from "./ParameterField";
import { Part } from "./Part";
import { checkParameter, currentValue } from "./parameters";
import { Choice, SlurmFields } from "./SlurmFields";
import type { ResourceForm } from "./search";

interface Props {
  number: number;
  cluster: string;
  scheduler: "slurm" | "local" | null;
  template: Template | null;
  form: JobForm;
  lastUsed: LastUsed;
  strict: boolean;
  errorAt(pointer: string): string | null;
  onChange(change: Partial<JobForm>): void;
}

export function ResourcesPart(props: Props) {
  const { t } = useTranslation();
  const text = useText();
  const { template, form, strict, errorAt, onChange } = props;
  const parameters = form.mode === "template" ? (template?.parameters ?? []) : [];
  const isVaried = (name: string) => form.sweep?.columns.includes(name) ?? false;
  const faulty = parameters.some(
    (parameter) => !isVaried(parameter.name) && checkParameter(parameter, form.parameters[parameter.name]),
  );
  const setParameter = (name: string, value: JobForm["parameters"][string] | undefined) => {
    const { [name]: _, ...others } = form.parameters;
    onChange({ parameters: value === undefined ? others : { ...others, [name]: value } });
  };
  return (
    <Part
      number={props.number}
      title={form.mode === "script" ? t("newJob.resources") : t("newJob.parametersAndResources")}
      done={(template !== null || form.mode === "script") && !faulty}
    >
      <div className={classes.fields}>
        <TextInput
          label={t("newJob.name")}
          placeholder={defaultName(form)}
          value={form.name}
          error={errorAt("/name")}
          onChange={(event) => onChange({ name: event.currentTarget.value })}
        />
      </div>
      {parameters.length > 0 && (
        <>
          <h3 className={classes.head}>{t("newJob.parameters")}</h3>
          <div className={classes.fields}>
            {parameters.map((parameter) => (
              <div key={parameter.name} className={parameter.type === "text" ? classes.wide : undefined}>
                {isVaried(parameter.name) ? (
                  <TextInput
                    label={text(parameter.label)}
                    description={t("sweep.varies")}
                    disabled
                    value={String(currentValue(parameter, form.parameters[parameter.name]) ?? "")}
                  />
                ) : (
                  <ParameterField
                    parameter={parameter}
                    value={form.parameters[parameter.name]}
                    strict={strict}
                    error={errorAt(parameterPointer(parameter.name))}
                    onChange={(value) => setParameter(parameter.name, value)}
                  />
                )}
              </div>
            ))}
          </div>
        </>
      )}
      <Resources {...props} />
    </Part>
  );
}

function Resources({ cluster, scheduler, template, form, lastUsed, errorAt, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data } = useQuery(partitionsQuery(cluster));
  const partitions = data?.items ?? [];
  const defaults = form.mode === "template" ? template?.resources : undefined;
  const wantedPartition = form.resources.partition ?? defaults?.partition ?? lastUsed.partition;
  const partition =
    partitions.find(({ name }) => name === wantedPartition) ??
    partitions.find((candidate) => candidate.is_default);
  const presetPartition = usePresetPartition(defaults?.partition, lastUsed.partition, partitions);
  const values = form.resources;
  const set = <Name extends keyof ResourceForm>(name: Name, value: ResourceForm[Name] | undefined) => {
    const { [name]: _, ...others } = values;
    onChange({ resources: value === undefined || value === "" ? others : { ...others, [name]: value } });
  };
  const count = (
    name: "nodes" | "tasks" | "cpus_per_task" | "memory_mib" | "gpus" | "time_limit_minutes",
    label: string,
    preset: number | null | undefined,
    options: { suffix?: string; description?: ReactNode; max?: number | null } = {},
  ) => (
    <NumberInput
      label={label}
      description={options.description}
      placeholder={preset ? format.number(preset) : t("newJob.schedulersDefault")}
      value={values[name] ?? ""}
      error={errorAt(`/resources/${name}`)}
      min={name === "gpus" ? 0 : 1}
      {...(options.max ? { max: options.max } : {})}
      clampBehavior="none"
      allowDecimal={false}
      allowNegative={false}
      suffix={options.suffix ?? ""}
      onChange={(next) => set(name, next === "" ? undefined : Number(next))}
    />
  );
  const { data: choices } = useQuery(choicesQuery(cluster));
  const gpuTypes = (choices?.gres ?? []).flatMap(({ name, type, partitions: where }) =>
    name === "gpu" && type && (where.length === 0 || !partition || where.includes(partition.name))
      ? [type]
      : [],
  );
  const text = (name: "array", label: string, placeholder?: string) => (
    <TextInput
      label={label}
      placeholder={placeholder ?? defaults?.[name] ?? t("newJob.schedulersDefault")}
      value={values[name] ?? ""}
      error={errorAt(`/resources/${name}`)}
      onChange={(event) => set(name, event.currentTarget.value)}
    />
  );
  const minutes = values.time_limit_minutes ?? defaults?.time_limit_minutes;
  const memory = values.memory_mib ?? defaults?.memory_mib;
  const slurm = scheduler !== "local";
  return (
    <>
      <h3 className={classes.head}>{t("newJob.resources")}</h3>
      {form.mode === "script" && <p className={classes.quiet}>{t("newJob.scriptResources")}</p>}
      <div className={classes.fields}>
        {slurm && (
          <NativeSelect
            label={t("resources.partition")}
            description={partition && <Limits partition={partition} />}
            value={values.partition ?? ""}
            error={errorAt("/resources/partition")}
            onChange={(event) => set("partition", event.currentTarget.value)}
            data={[
              { value: "", label: presetPartition },
              ...partitions.map(({ name }) => ({ value: name, label: name })),
              ...(values.partition && !partitions.some(({ name }) => name === values.partition)
                ? [{ value: values.partition, label: values.partition }]
                : []),
            ]}
          />
        )}
        {count("cpus_per_task", t("resources.cpusPerTask"), defaults?.cpus_per_task, {
          max: partition?.max_cpus_per_node ?? null,
          description:
            partition?.max_cpus_per_node &&
            t("newJob.atMost", { limit: format.number(partition.max_cpus_per_node) }),
        })}
        {count("memory_mib", t("resources.memoryPerNode"), defaults?.memory_mib, {
          suffix: " MiB",
          description: [
            memory && memory >= 1024 ? `= ${format.mebibytes(memory)}` : null,
            partition?.max_memory_mib_per_node &&
              t("newJob.atMost", { limit: format.mebibytes(partition.max_memory_mib_per_node) }),
          ]
            .filter(Boolean)
            .join(" · "),
        })}
        {count("time_limit_minutes", t("resources.timeLimit"), defaults?.time_limit_minutes, {
          suffix: t("newJob.minutesSuffix"),
          description: [
            minutes && minutes >= 60 ? `= ${format.duration(minutes * 60)}` : null,
            partition?.time_limit_minutes &&
              t("newJob.atMost", { limit: format.duration(partition.time_limit_minutes * 60) }),
          ]
            .filter(Boolean)
            .join(" · "),
        })}
        {slurm &&
          (partition?.gpus ?? 0) > 0 &&
          count("gpus", t("resources.gpusPerNode"), defaults?.gpus?.count)}
        {slurm && (gpuTypes.length > 1 || values.gpu_type) && (
          <Choice
            label={t("choices.gpuType")}
            preset={defaults?.gpus?.type ?? t("choices.anyType")}
            values={gpuTypes}
            value={values.gpu_type}
            onChange={(value) => set("gpu_type", value)}
          />
        )}
      </div>
      <details className={classes.more} open={hasMore(values) || form.dependencies.length > 0 || undefined}>
        <summary>{t("newJob.more")}</summary>
        <div className={classes.fields}>
          {slurm && count("nodes", t("resources.nodes"), defaults?.nodes)}
          {slurm && count("tasks", t("resources.tasks"), defaults?.tasks)}
          {slurm && text("array", t("resources.array"), defaults?.array ?? "0-9")}
          {slurm && (
            <SlurmFields
              cluster={cluster}
              values={values}
              defaults={defaults}
              lastUsed={lastUsed}
              errorAt={errorAt}
              onChange={set}
            />
          )}
          <TextInput
            className={classes.wide}
            label={t("newJob.directory")}
            placeholder={t("newJob.ownDirectory")}
            value={form.directory}
            error={errorAt("/working_directory")}
            onChange={(event) => onChange({ directory: event.currentTarget.value })}
          />
        </div>
        {slurm && (
          <DependencyFields
            cluster={cluster}
            dependencies={form.dependencies}
            errorAt={errorAt}
            onChange={(dependencies) => onChange({ dependencies })}
          />
        )}
      </details>
    </>
  );
}

function Limits({ partition }: { partition: Partition }) {
  const { t } = useTranslation();
  const format = useFormat();
  return t("newJob.partitionLimits", {
    nodes: format.number(partition.nodes),
    cpus: format.number(partition.cpus),
    time: partition.time_limit_minutes
      ? format.duration(partition.time_limit_minutes * 60)
      : t("resources.unlimited"),
  });
}

function usePresetPartition(
  ofTemplate: string | null | undefined,
  lastUsed: string | undefined,
  partitions: Partition[],
): string {
  const { t } = useTranslation();
  if (!ofTemplate && lastUsed) return t("choices.lastUsed", { name: lastUsed });
  const name = ofTemplate ?? partitions.find((partition) => partition.is_default)?.name;
  return name ? `${t("newJob.presetPartition")} (${name})` : t("newJob.presetPartition");
}

function hasMore(values: ResourceForm): boolean {
  const further = [
    "nodes",
    "tasks",
    "array",
    "account",
    "qos",
    "gres",
    "features",
    "licenses",
    "reservation",
  ] as const;
  return further.some((name) => values[name] !== undefined);
}
