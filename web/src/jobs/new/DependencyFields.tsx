// What a new job waits for: a condition and one of one's own jobs, for each.
import { ActionIcon, Button, NativeSelect } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Job } from "../../api/types";
import { isKnownState } from "../states";
import classes from "./new-job.module.css";
import { useOwnJobs } from "./own-jobs";
import { DEPENDENCY_KINDS, type DependencyForm } from "./search";

interface Props {
  cluster: string;
  dependencies: DependencyForm[];
  errorAt(pointer: string): string | null;
  onChange(dependencies: DependencyForm[]): void;
}

export function DependencyFields({ cluster, dependencies, errorAt, onChange }: Props) {
  const { t } = useTranslation();
  const jobs = useOwnJobs(cluster).filter((job) => job.job_id !== null);
  const stateOf = ({ state }: Job) => (isKnownState(state) ? t(`states.job.${state}`) : state);
  const labels = new Map(jobs.map((job) => [job.id, `${job.job_id} ${job.name} (${stateOf(job)})`]));
  // Those that are chosen are sent alone, and in their order.
  const sent = dependencies.filter(({ job }) => job);
  const replace = (at: number, change: Partial<DependencyForm>) =>
    onChange(dependencies.map((other, index) => (index === at ? { ...other, ...change } : other)));
  return (
    <fieldset className={classes.dependencies}>
      <legend>{t("choices.dependencies")}</legend>
      {dependencies.length > 0 && <p className={classes.quiet}>{t("choices.dependenciesHint")}</p>}
      {dependencies.map((dependency, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name
        <div key={at} className={classes.dependency}>
          <NativeSelect
            label={t("choices.job")}
            value={dependency.job}
            error={dependency.job ? errorAt(`/dependencies/${sent.indexOf(dependency)}`) : null}
            onChange={(event) => replace(at, { job: event.currentTarget.value })}
            data={[
              { value: "", label: t("choices.chooseJob") },
              ...(dependency.job && !labels.has(dependency.job)
                ? [{ value: dependency.job, label: dependency.job }]
                : []),
              ...[...labels].map(([value, label]) => ({ value, label })),
            ]}
          />
          <NativeSelect
            label={t("choices.when")}
            value={dependency.type}
            onChange={(event) => replace(at, { type: event.currentTarget.value as DependencyForm["type"] })}
            data={DEPENDENCY_KINDS.map((kind) => ({ value: kind, label: t(`choices.kinds.${kind}`) }))}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("choices.removeDependency")}
            onClick={() => onChange(dependencies.filter((_, index) => index !== at))}
          >
            <IconX size={16} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...dependencies, { type: "afterok", job: "" }])}
        >
          {t("choices.addDependency")}
        </Button>
      </div>
    </fieldset>
  );
}
