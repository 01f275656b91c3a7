// Looks for files below the directory that is shown. What is looked for stands in the address.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { holdWhileComposing } from "../ui/composition";
import { useFormat } from "../ui/format";
import { AGES, SIZES } from "./place";
import classes from "./tasks.module.css";

const route = getRouteApi("/frame/files/$space");

export function Find() {
  const { t } = useTranslation();
  const format = useFormat();
  const { path, find = "", min = 0, days = 0 } = route.useSearch();
  const navigate = route.useNavigate();
  const [name, setName] = useState(find);
  const [least, setLeast] = useState(min);
  const [age, setAge] = useState(days);
  const nothing = name === "" && least === 0 && age === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (nothing) return;
    void navigate({
      search: {
        ...(path ? { path } : {}),
        ...(name ? { find: name } : {}),
        ...(least ? { min: least } : {}),
        ...(age ? { days: age } : {}),
      },
    });
  };
  return (
    <search>
      <form className={classes.find} onSubmit={submit} onKeyDown={holdWhileComposing}>
        <TextInput
          type="search"
          aria-label={t("fileTasks.find.name")}
          placeholder={t("fileTasks.find.name")}
          leftSection={<IconSearch size={14} aria-hidden />}
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          aria-label={t("fileTasks.find.size")}
          value={least}
          onChange={(event) => setLeast(Number(event.currentTarget.value))}
          data={SIZES.map((size) => ({
            value: String(size),
            label:
              size === 0
                ? t("fileTasks.find.anySize")
                : t("fileTasks.find.atLeast", { size: format.bytes(size) }),
          }))}
        />
        <NativeSelect
          aria-label={t("fileTasks.find.age")}
          value={age}
          onChange={(event) => setAge(Number(event.currentTarget.value))}
          data={AGES.map((count) => ({
            value: String(count),
            label: count === 0 ? t("fileTasks.find.anyAge") : t("fileTasks.find.within", { count }),
          }))}
        />
        <Button type="submit" variant="default" disabled={nothing}>
          {t("fileTasks.find.search")}
        </Button>
      </form>
    </search>
  );
}
