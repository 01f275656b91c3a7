// A page that failed, and a page that is not there.
import { Anchor } from "@mantine/core";
import { IconCompass } from "@tabler/icons-react";
import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { PageHeader } from "../ui/PageHeader";
import { Empty, ProblemNote } from "../ui/states";

export function PageProblem({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main style={{ maxWidth: 640, margin: "12vh auto", padding: "0 16px" }}>
      <ProblemNote error={error} onRetry={() => void router.invalidate()} />
    </main>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <main style={{ maxWidth: 640, margin: "12vh auto", padding: "0 16px" }}>
      <PageHeader title={t("notFound.title")} />
      <Empty icon={<IconCompass size={20} />} title={t("notFound.advice")}>
        <Anchor size="sm" renderRoot={(props) => <Link to="/" {...props} />}>
          {t("notFound.home")}
        </Anchor>
      </Empty>
    </main>
  );
}

/** A site whose server knows no cluster: nothing can be done but say so. */
export function NoCluster() {
  const { t } = useTranslation();
  return <Empty icon={<IconCompass size={20} />} title={t("overview.noCluster")} />;
}
