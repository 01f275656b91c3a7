// What one may do with a template besides using it: take a copy, and change or put away what is one's own.
import { Button, Group, Modal, Text, TextInput } from "@mantine/core";
import { IconArchive, IconCopy, IconPencil } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { Template } from "../../api/types";
import { useText } from "../../i18n/use-text";
import { Confirm } from "../../ui/Confirm";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { ProblemNote } from "../../ui/states";
import { libraryChanged } from "../queries";

interface Props {
  template: Template;
  onEdit(): void;
}

export function OwnActions({ template, onEdit }: Props) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<"copy" | "archive" | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <Button variant="default" leftSection={<IconCopy size={15} />} onClick={() => setAsked("copy")}>
        {t("templates.own.copy")}
      </Button>
      {template.source === "private" && (
        <>
          <Button variant="default" leftSection={<IconPencil size={15} />} onClick={onEdit}>
            {t("templates.own.edit")}
          </Button>
          <Button
            variant="default"
            leftSection={<IconArchive size={15} />}
            onClick={() => setAsked("archive")}
          >
            {t("templates.own.archive")}
          </Button>
        </>
      )}
      {asked === "copy" && <Copy template={template} onClose={close} />}
      <Archive template={template} opened={asked === "archive"} onClose={close} />
    </>
  );
}

function Copy({ template, onClose }: { template: Template; onClose(): void }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [id, setId] = useState(`my-${template.id}`);
  const { mutate, isPending, error } = api.useMutation("post", "/api/v1/templates/{id}/clone", {
    onSuccess: (made) => {
      libraryChanged(cache);
      onClose();
      void navigate({ to: "/templates/$template", params: { template: made.id } });
    },
  });
  const errors = useFieldErrors(error, ["/id"]);
  const isId = /^[a-z0-9-]+$/.test(id);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isId && !isPending) mutate({ params: { path: { id: template.id } }, body: { id } });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("templates.own.copy")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} onKeyDown={holdWhileComposing}>
        <TextInput
          label={t("templates.own.newId")}
          description={t("templates.own.copyHint")}
          value={id}
          required
          withAsterisk={false}
          maxLength={64}
          data-autofocus
          onChange={(event) => setId(event.currentTarget.value)}
          error={id === "" || isId ? errors.at("/id") : t("templates.own.noId")}
        />
        {errors.rest ? <ProblemNote error={errors.rest} /> : null}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={isPending} disabled={!isId}>
            {t("templates.own.copyDeed")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function Archive({ template, opened, onClose }: { template: Template; opened: boolean; onClose(): void }) {
  const { t } = useTranslation();
  const text = useText();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const { mutate, isPending, error } = api.useMutation("delete", "/api/v1/templates/{id}", {
    onSuccess: () => {
      libraryChanged(cache);
      void navigate({ to: "/templates" });
    },
  });
  return (
    <Confirm
      opened={opened}
      title={t("templates.own.archiveTitle", { name: text(template.name) })}
      deed={t("templates.own.archive")}
      busy={isPending}
      error={error}
      onConfirm={() =>
        mutate({ params: { path: { id: template.id }, header: { "If-Match": template.hash } } })
      }
      onClose={onClose}
    >
      <Text size="sm">{t("templates.own.archiveHint")}</Text>
    </Confirm>
  );
}
