// Lets a person who is told of few jobs say that she wants to be told of this one.
import { Checkbox } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { settingsQuery } from "./queries";

export function TellMe({ checked, onChange }: { checked: boolean; onChange(checked: boolean): void }) {
  const { t } = useTranslation();
  const { data } = useQuery(settingsQuery);
  // Who is told of all her jobs is told of this one.
  if (!data || data.jobs === "all") return null;
  return (
    <Checkbox
      label={t("notifications.tellMe")}
      checked={checked}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
