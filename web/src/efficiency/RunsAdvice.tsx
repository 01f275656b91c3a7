// At a new job: what the person's own runs of the template teach, each with a button that sets it.
import { Button } from "@mantine/core";
import { IconBulb } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Suggestion } from "../api/types";
import { useFormat } from "../ui/format";
import classes from "./efficiency.module.css";
import { adviceQuery } from "./queries";
import { amountOf, useSuggestionText } from "./suggestion";

type Values = { [Resource in Suggestion["resource"]]?: number };

interface Props {
  cluster: string;
  template: string;
  /** What the form holds. */
  values: Values;
  onSet(resource: Suggestion["resource"], value: number): void;
}

/** Nothing where there is nothing to say: advice that does not come is not missed. */
export function RunsAdvice({ cluster, template, values, onSet }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const text = useSuggestionText();
  const { data } = useQuery(adviceQuery(cluster, template));
  if (!data || data.suggestions.length === 0) return null;
  const names = {
    memory_mib: t("resources.memoryPerNode"),
    time_limit_minutes: t("resources.timeLimit"),
    cpus_per_task: t("resources.cpusPerTask"),
    gpus: t("resources.gpusPerNode"),
  };
  return (
    <section className={classes.advice} aria-label={t("efficiency.advice.title")}>
      <h3 className={classes.head}>
        <IconBulb size={15} aria-hidden /> {t("efficiency.advice.title")}
      </h3>
      <ul>
        {data.suggestions.map((suggestion) => {
          const { resource, value } = suggestion;
          const shown =
            resource === "gpus" && value === 0
              ? t("efficiency.advice.noGpus")
              : amountOf(resource, value, format);
          const isSet = values[resource] === value;
          return (
            <li key={resource}>
              <span>{text("advice", suggestion)}</span>
              <Button
                size="compact-sm"
                variant="default"
                disabled={isSet}
                aria-label={
                  isSet
                    ? undefined
                    : t("efficiency.advice.setLabel", { resource: names[resource], value: shown })
                }
                onClick={() => onSet(resource, value)}
              >
                {isSet
                  ? t("efficiency.advice.isSet", { value: shown })
                  : t("efficiency.advice.set", { value: shown })}
              </Button>
            </li>
          );
        })}
      </ul>
      <p className={classes.quiet}>
        {t("efficiency.advice.looked", { count: data.runs, formatted: format.number(data.runs) })}
      </p>
    </section>
  );
}
