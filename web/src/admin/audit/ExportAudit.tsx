// Saves all events of the span that is looked at, with their codes, for a program to verify.
import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { saveAs } from "../../ui/save";
import { ProblemNote } from "../../ui/states";
import type { AuditFilter } from "./filter";
import { exportAudit } from "./queries";

export function ExportAudit({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation();
  const save = useMutation({
    mutationFn: async () => {
      const moment = new Date().toISOString().slice(0, 19).replaceAll(":", "");
      saveAs(await exportAudit(filter), `audit-${moment}Z.ndjson`);
    },
    gcTime: 0,
  });
  return (
    <div>
      <Button
        variant="default"
        leftSection={<IconDownload size={15} />}
        title={t("audit.exportTip")}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        {t("audit.export")}
      </Button>
      {save.error && <ProblemNote error={save.error} />}
    </div>
  );
}
