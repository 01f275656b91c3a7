// Beside the filters of the list of jobs: the filters that were saved in this browser, and which columns are shown.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { IconBookmark, IconColumns3 } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { holdWhileComposing } from "../ui/composition";
import type { Column } from "../ui/DataTable";
import { Menu, type MenuItem } from "../ui/Menu";
import type { JobFilter } from "./filter";
import classes from "./jobs.module.css";
import { forgetFilter, hiddenColumns, hideColumns, savedFilters, saveFilter } from "./list-choices";

interface FiltersProps {
  filter: JobFilter;
  onChoose(filter: JobFilter): void;
}

export function SavedFilters({ filter, onChoose }: FiltersProps) {
  const { t } = useTranslation();
  const [saved, setSaved] = useState(savedFilters);
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const current = saved.find((one) => sameFilter(one.filter, filter));
  const items: MenuItem[] = saved.map((one) => ({
    key: `use ${one.name}`,
    label: one.name,
    checked: one === current,
    onSelect: () => onChoose(one.filter),
  }));
  if (current) {
    const label = t("jobActions.saved.forget", { name: current.name });
    items.push({ key: "forget", label, onSelect: () => setSaved(forgetFilter(current.name)) });
  } else {
    items.push({ key: "save", label: t("jobActions.saved.save"), onSelect: () => setNaming(true) });
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSaved(saveFilter(name.trim(), filter));
    setNaming(false);
    setName("");
  };
  return (
    <>
      <Menu
        label={t("jobActions.saved.title")}
        button={<IconBookmark size={16} aria-hidden />}
        buttonClass={classes.choice}
        align="start"
        items={items}
      />
      <Modal
        opened={naming}
        onClose={() => setNaming(false)}
        title={t("jobActions.saved.save")}
        closeButtonProps={{ "aria-label": t("common.close") }}
      >
        <form onSubmit={submit} onKeyDown={holdWhileComposing}>
          <TextInput
            data-autofocus
            label={t("jobActions.saved.name")}
            description={t("jobActions.saved.hint")}
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group justify="flex-end" mt="md">
            <Button type="submit" disabled={name.trim() === ""}>
              {t("common.save")}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}

/** The columns that are shown, and the menu to choose them. A list without names leads nowhere: the name stays. */
export function useColumnChoice<Row>(columns: Column<Row>[]) {
  const { t } = useTranslation();
  const [hidden, setHidden] = useState(hiddenColumns);
  const toggle = (id: string) => {
    const next = hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id];
    hideColumns(next);
    setHidden(next);
  };
  const isShown = ({ id }: Column<Row>) => id === "name" || !hidden.includes(id);
  const menu = (
    <Menu
      label={t("jobActions.columns")}
      button={<IconColumns3 size={16} aria-hidden />}
      buttonClass={classes.choice}
      align="start"
      items={columns
        .filter(({ id }) => id !== "name")
        .map((column) => ({
          key: column.id,
          label: column.header,
          checked: isShown(column),
          stays: true,
          onSelect: () => toggle(column.id),
        }))}
    />
  );
  return { shown: columns.filter(isShown), menu };
}

function sameFilter(one: JobFilter, other: JobFilter): boolean {
  const sorted = (filter: JobFilter) => JSON.stringify(Object.entries(filter).sort());
  return sorted(one) === sorted(other);
}
