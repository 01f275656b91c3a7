// Keeps a page of administrators from others: the server would refuse all that is on it.
import { IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useIsAdmin } from "../auth/use-session";
import { PageHeader } from "../ui/PageHeader";
import { Empty } from "../ui/states";

export function AdminOnly({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  if (useIsAdmin()) return children;
  return (
    <>
      <PageHeader title={title} />
      <Empty icon={<IconLock size={20} />} title={t("admin.only")}>
        {t("admin.onlyAdvice")}
      </Empty>
    </>
  );
}
