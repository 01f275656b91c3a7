// A page that failed, and a page that is not there.
import { Anchor } from "@mantine/core";
import { IconCompass } from "@tabler/icons-react";
import { Link, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
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
    <Empty icon={<IconCompass size={20} />} title={t("notFound.title")}>
      {t("notFound.advice")}{" "}
      <Anchor component={Link} to="/" size="sm">
        {t("notFound.home")}
      </Anchor>
    </Empty>
  );
}
