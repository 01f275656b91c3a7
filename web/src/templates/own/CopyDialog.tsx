// Asks for the id of a template of one's own that is made of another text, and goes there.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Template } from "../../api/types";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { ProblemNote } from "../../ui/states";
import { libraryChanged } from "../queries";
import { isId } from "./text";

interface Props {
  initial: string;
  /** @throws Problem */
  make(id: string): Promise<Template>;
  onClose(): void;
}

export function CopyDialog({ initial, make, onClose }: Props) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [id, setId] = useState(initial);
  const { mutate, isPending, error } = useMutation({
    mutationFn: make,
    onSuccess: (made) => {
      libraryChanged(cache);
      onClose();
      void navigate({ to: "/templates/$template", params: { template: made.id } });
    },
  });
  const errors = useFieldErrors(error, ["/id"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isId(id) && !isPending) mutate(id);
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
          error={id === "" || isId(id) ? errors.at("/id") : t("templates.own.noId")}
        />
        {errors.rest ? <ProblemNote error={errors.rest} /> : null}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={isPending} disabled={!isId(id)}>
            {t("templates.own.copyDeed")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
