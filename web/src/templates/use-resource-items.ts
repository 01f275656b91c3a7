// What a template needs and where it runs, for a list of properties.
import { useTranslation } from "react-i18next";
import type { Template } from "../api/types";
import { useFormat } from "../ui/format";

export function useResourceItems(): (
  template: Template,
) => { name: string; value: string | number | null }[] {
  const { t } = useTranslation();
  const format = useFormat();
  return ({ resources, schedulers, image }) => [
    {
      name: t("templates.schedulers"),
      value: schedulers.map((scheduler) => t(`schedulers.${scheduler}`)).join(", "),
    },
    { name: t("templates.image"), value: t(`templates.imageUse.${image}`) },
    { name: t("resources.partition"), value: resources.partition ?? null },
    { name: t("resources.nodes"), value: resources.nodes ?? null },
    { name: t("resources.tasks"), value: resources.tasks ?? null },
    { name: t("resources.cpusPerTask"), value: resources.cpus_per_task ?? null },
    {
      name: t("resources.gpusPerNode"),
      value: resources.gpus ? [resources.gpus.type, resources.gpus.count].filter(Boolean).join(":") : null,
    },
    {
      name: t("resources.memory"),
      value: resources.memory_mib ? format.mebibytes(resources.memory_mib) : null,
    },
    {
      name: t("resources.timeLimit"),
      value: resources.time_limit_minutes ? format.duration(resources.time_limit_minutes * 60) : null,
    },
    { name: t("resources.array"), value: resources.array ?? null },
  ];
}
