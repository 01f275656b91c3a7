// A key or a password that the server shows this once. It is left by its button alone, never by a slip of the pointer.
import { Button, Group, Modal } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "./CodeView";
import classes from "./OneTimeSecret.module.css";

interface Props {
  title: string;
  /** What the secret is, for assistive technology. */
  label: string;
  secret: string;
  /** How to use it. */
  children?: ReactNode;
  onClose(): void;
}

export function OneTimeSecret({ title, label, secret, children, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <div className={classes.secret}>
        <output className={classes.text} aria-label={label}>
          {secret}
        </output>
        <CopyButton text={secret} />
      </div>
      <p className={classes.once}>
        <IconAlertTriangle size={16} aria-hidden />
        <span>{t("secret.once")}</span>
      </p>
      {children}
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose}>{t("secret.done")}</Button>
      </Group>
    </Modal>
  );
}
