// The selected templates: how many they are, and their files in one zip.
import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import type { Template } from "../api/types";
import { useFormat } from "../ui/format";
import { saveAs } from "../ui/save";
import type { Selection } from "../ui/selection";
import { ProblemNote } from "../ui/states";
import toolbar from "../ui/toolbar.module.css";

/** As many as the server packs into one zip. */
export const MOST_SELECTED = 500;

export function TemplateSelection({ selection }: { selection: Selection<Template> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { rows } = selection;
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { data } = await client.POST("/api/v1/template-exports", {
        body: { ids: rows.map(({ id }) => id) },
        parseAs: "blob",
      });
      saveAs(data as unknown as Blob, "templates.zip");
    },
  });
  return (
    <section className={toolbar.toolbar} aria-label={t("templates.selected.title")}>
      <strong role="status">
        {t("templates.selected.count", { count: rows.length, formatted: format.number(rows.length) })}
      </strong>
      <Button
        variant="default"
        leftSection={<IconDownload size={15} />}
        loading={isPending}
        onClick={() => mutate()}
      >
        {t("templates.selected.export")}
      </Button>
      <Button variant="subtle" onClick={selection.clear}>
        {t("templates.selected.clear")}
      </Button>
      {error && <ProblemNote error={error} />}
    </section>
  );
}
