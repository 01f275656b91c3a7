// An administrator's decision on a template that somebody offered to everybody.
import { Button, Group, Modal, Text, Textarea } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { OfferedTemplate } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { ProblemNote } from "../../ui/states";
import { libraryChanged } from "../queries";
import { sharesChanged } from "./queries";

export function Decide({ share }: { share: OfferedTemplate }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<"accept" | "refuse" | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      <Button variant="default" leftSection={<IconX size={15} />} onClick={() => setAsked("refuse")}>
        {t("sharing.refuse")}
      </Button>
      <Button leftSection={<IconCheck size={16} />} onClick={() => setAsked("accept")}>
        {t("sharing.accept")}
      </Button>
      <Accept share={share} opened={asked === "accept"} onClose={close} />
      {asked === "refuse" && <Refuse share={share} onClose={close} />}
    </>
  );
}

function Accept({ share, opened, onClose }: { share: OfferedTemplate; opened: boolean; onClose(): void }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const { mutate, isPending, error, reset } = api.useMutation("post", "/api/v1/template-shares/{id}/accept", {
    onSuccess: () => {
      libraryChanged(cache);
      onClose();
    },
    // Where something was changed meanwhile, that is what is looked at now.
    onSettled: () => sharesChanged(cache),
  });
  const { template, version, author, hash, replaces } = share;
  return (
    <Confirm
      opened={opened}
      title={t("sharing.acceptTitle", { template })}
      deed={t("sharing.accept")}
      busy={isPending}
      error={error}
      onConfirm={() =>
        mutate({
          params: { path: { id: share.id } },
          body: { hash, replaces: replaces?.hash ?? null },
        })
      }
      onClose={() => {
        onClose();
        reset();
      }}
    >
      <Text size="sm">
        {t(replaces ? "sharing.acceptOver" : "sharing.acceptNew", {
          version,
          author,
          template,
          before: replaces?.version ?? "",
        })}
      </Text>
    </Confirm>
  );
}

function Refuse({ share, onClose }: { share: OfferedTemplate; onClose(): void }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [reason, setReason] = useState("");
  const { mutate, isPending, error } = api.useMutation("post", "/api/v1/template-shares/{id}/refuse", {
    onSuccess: onClose,
    onSettled: () => sharesChanged(cache),
  });
  const errors = useFieldErrors(error, ["/reason"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() !== "" && !isPending) {
      mutate({ params: { path: { id: share.id } }, body: { reason } });
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("sharing.refuseTitle", { template: share.template })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} onKeyDown={holdWhileComposing}>
        <Textarea
          label={t("sharing.reason")}
          description={t("sharing.reasonHint", { author: share.author })}
          value={reason}
          required
          withAsterisk={false}
          rows={4}
          resize="vertical"
          maxLength={1000}
          data-autofocus
          onChange={(event) => setReason(event.currentTarget.value)}
          error={errors.at("/reason")}
        />
        {errors.rest ? <ProblemNote error={errors.rest} /> : null}
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" color="red" loading={isPending} disabled={reason.trim() === ""}>
            {t("sharing.refuse")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
