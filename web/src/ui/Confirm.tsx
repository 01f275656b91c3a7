// Asks before something is destroyed, naming it.
import { Button, Group, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProblemNote } from "./states";

interface Props {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** The button's word: the deed itself, not "OK". */
  deed: string;
  /** The other button's word, where nothing would be kept as it is. */
  keep?: string;
  destructive?: boolean;
  busy: boolean;
  error: unknown;
  onConfirm(): void;
  onClose(): void;
}

export function Confirm(props: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {props.children}
      {props.error ? <ProblemNote error={props.error} /> : null}
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={props.onClose} data-autofocus>
          {props.keep ?? t("common.keep")}
        </Button>
        <Button color={props.destructive ? "red" : undefined} loading={props.busy} onClick={props.onConfirm}>
          {props.deed}
        </Button>
      </Group>
    </Modal>
  );
}
