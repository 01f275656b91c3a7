// The navigation on a phone. Loaded when it is first opened: wide screens never need it.
import "../ui/mantine-styles-rest";
import { Drawer } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Navigation } from "./Navigation";

interface Props {
  cluster: string | null;
  title: ReactNode;
  opened: boolean;
  onClose(): void;
}

export function NavigationDrawer({ cluster, title, opened, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      size={260}
      padding="sm"
      title={title}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Navigation cluster={cluster} onChosen={onClose} />
    </Drawer>
  );
}
