// The button with which somebody asks the site's support about her job.
import { Button } from "@mantine/core";
import { IconHelp } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail } from "../../api/types";

// Seldom wanted.
const HelpDialog = lazy(async () => ({ default: (await import("./HelpDialog")).HelpDialog }));

export function AskForHelp({ cluster, job }: { cluster: string; job: JobDetail }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  if (!job.mine) return null;
  return (
    <>
      <Button variant="default" leftSection={<IconHelp size={15} />} onClick={() => setAsking(true)}>
        {t("efficiency.help.open")}
      </Button>
      <Suspense>
        {asking && <HelpDialog cluster={cluster} job={job} onClose={() => setAsking(false)} />}
      </Suspense>
    </>
  );
}
