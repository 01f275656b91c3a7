// Part one: what the job does.
import { NativeSelect } from "@mantine/core";
import { IconTemplate } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Template } from "../../api/types";
import { useText } from "../../i18n/use-text";
import { categoriesOf, nearestFirst, searchTemplates, useCategoryName } from "../../templates/library";
import { templatesQuery } from "../../templates/queries";
import { useUnavailableText } from "../../templates/Unavailable";
import { SearchBox } from "../../ui/SearchBox";
import { Empty, LoadingRows, ProblemNote } from "../../ui/states";
import toolbar from "../../ui/toolbar.module.css";
import classes from "./new-job.module.css";
import { Part } from "./Part";
import { RadioList } from "./RadioList";

interface Props {
  scheduler: "slurm" | "local" | null;
  chosen: Template | null;
  error: string | null;
  onChoose(id: string): void;
}

export function TemplatePart({ scheduler, chosen, error, onChoose }: Props) {
  const { t } = useTranslation();
  const text = useText();
  return (
    <Part
      number={1}
      title={t("newJob.template")}
      hint={chosen && `${text(chosen.name)} · ${chosen.version}`}
      done={chosen !== null && !error}
    >
      {error && <p className={classes.error}>{error}</p>}
      <TemplateChoice scheduler={scheduler} chosen={chosen} onChoose={onChoose} />
    </Part>
  );
}

function TemplateChoice({ scheduler, chosen, onChoose }: Omit<Props, "error">) {
  const { t } = useTranslation();
  const text = useText();
  const categoryName = useCategoryName();
  const unavailable = useUnavailableText();
  const [words, setWords] = useState("");
  const [category, setCategory] = useState("");
  const { data, error, refetch } = useQuery(templatesQuery);
  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (!data) return <LoadingRows rows={4} height={50} />;
  const found = nearestFirst(searchTemplates(data.items, words, category));
  return (
    <>
      <div className={toolbar.toolbar}>
        <SearchBox label={t("templates.search")} value={words} onChange={setWords} />
        <NativeSelect
          aria-label={t("templates.columns.category")}
          value={category}
          onChange={(event) => setCategory(event.currentTarget.value)}
          data={[
            { value: "", label: t("templates.anyCategory") },
            ...categoriesOf(data.items).map((value) => ({ value, label: categoryName(value) })),
          ]}
        />
      </div>
      {found.length === 0 && (
        <Empty icon={<IconTemplate size={20} />} title={t("templates.none")}>
          {t("templates.noneAdvice")}
        </Empty>
      )}
      <RadioList
        name="template"
        label={t("newJob.template")}
        value={chosen?.id ?? null}
        onChange={onChoose}
        items={found.map((template) => {
          const elsewhere = scheduler !== null && !template.schedulers.includes(scheduler);
          return {
            value: template.id,
            label: text(template.name),
            beside: categoryName(template.category),
            disabled: !template.available || elsewhere,
            below: elsewhere
              ? t("templates.unavailable.scheduler", {
                  schedulers: template.schedulers.map((name) => t(`schedulers.${name}`)).join(", "),
                })
              : template.available
                ? text(template.description)
                : unavailable(template.unavailable_reason),
          };
        })}
      />
    </>
  );
}
