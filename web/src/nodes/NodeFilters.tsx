// Which nodes are shown, how, and in which order.
import { NativeSelect, SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { SearchBox } from "../ui/SearchBox";
import toolbar from "../ui/toolbar.module.css";
import { NODE_COLOURS, NODE_SORTS, NODE_VIEWS, type NodeFilter } from "./filter";

interface FiltersProps {
  nodes: Node[];
  filter: NodeFilter;
  onChange(change: Record<string, string>): void;
}

export function NodeFilters({ nodes, filter, onChange }: FiltersProps) {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  const states = options(
    nodes.map(({ state }) => state),
    filter.state,
  );
  const partitions = options(
    nodes.flatMap((node) => node.partitions),
    filter.partition,
  );
  const features = options(
    nodes.flatMap((node) => node.features),
    filter.feature,
  );
  return (
    <search className={toolbar.toolbar}>
      <SearchBox label={t("nodes.search")} value={filter.q ?? ""} onChange={(q) => onChange({ q })} />
      <NativeSelect
        aria-label={t("nodes.columns.state")}
        value={filter.state ?? ""}
        onChange={(event) => onChange({ state: event.currentTarget.value })}
        data={[
          { value: "", label: t("nodes.anyState") },
          ...states.map((value) => ({
            value,
            label: lookUp(`states.node.${value.toLowerCase()}`) ?? value,
          })),
        ]}
      />
      <NativeSelect
        aria-label={t("nodes.columns.partitions")}
        value={filter.partition ?? ""}
        onChange={(event) => onChange({ partition: event.currentTarget.value })}
        data={[
          { value: "", label: t("jobs.anyPartition") },
          ...partitions.map((value) => ({ value, label: value })),
        ]}
      />
      {features.length > 1 && (
        <NativeSelect
          aria-label={t("nodes.features")}
          value={filter.feature ?? ""}
          onChange={(event) => onChange({ feature: event.currentTarget.value })}
          data={[
            { value: "", label: t("nodes.anyFeature") },
            ...features.map((value) => ({ value, label: value })),
          ]}
        />
      )}
      <SegmentedControl
        aria-label={t("nodes.view")}
        size="xs"
        value={filter.view ?? "table"}
        onChange={(view) => onChange({ view })}
        data={NODE_VIEWS.map((value) => ({ value, label: t(`nodes.views.${value}`) }))}
      />
      {filter.view === "grid" && (
        <NativeSelect
          aria-label={t("nodes.colour")}
          value={filter.colour ?? "state"}
          onChange={(event) => onChange({ colour: event.currentTarget.value })}
          data={NODE_COLOURS.map((value) => ({ value, label: t(`nodes.colours.${value}`) }))}
        />
      )}
      {filter.view === "grid" && (
        <NativeSelect
          aria-label={t("nodes.sort")}
          value={filter.sort ?? ""}
          onChange={(event) => onChange({ sort: event.currentTarget.value })}
          data={[
            { value: "", label: t("nodes.unsorted") },
            ...NODE_SORTS.flatMap((value) => [
              { value, label: t("nodes.ascending", { column: t(`nodes.sorts.${value}`) }) },
              { value: `-${value}`, label: t("nodes.descending", { column: t(`nodes.sorts.${value}`) }) },
            ]),
          ]}
        />
      )}
    </search>
  );
}

/** With the chosen one: the URL may name one that is no more. */
function options(values: string[], chosen: string | undefined): string[] {
  const all = new Set(values);
  if (chosen !== undefined) all.add(chosen);
  return [...all].sort();
}
