// At the end of a list of which there is more.
import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  busy: boolean;
  onMore(): void;
}

export function LoadMore({ busy, onMore }: Props) {
  const { t } = useTranslation();
  return (
    <div style={{ padding: 10, textAlign: "center" }}>
      <Button variant="default" loading={busy} onClick={onMore}>
        {t("common.more")}
      </Button>
    </div>
  );
}
