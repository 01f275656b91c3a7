// Offers a template of one's own to everybody: says first what will happen.
import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { IconUsersGroup } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { Template } from "../../api/types";
import { useIsAdmin } from "../../auth/use-session";
import { useText } from "../../i18n/use-text";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { ProblemNote } from "../../ui/states";
import { metaQuery } from "../../uploads/queries";
import { isId } from "../own/text";
import { libraryChanged } from "../queries";
import { sharesChanged } from "./queries";
import classes from "./share.module.css";

export function ShareTemplate({ template }: { template: Template }) {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  const { data: meta } = useQuery(metaQuery);
  const how = meta?.templates.share ?? "off";
  if (how === "off") return null;
  return (
    <>
      <Button variant="default" leftSection={<IconUsersGroup size={15} />} onClick={() => setAsks(true)}>
        {t("sharing.share")}
      </Button>
      {asks && <ShareDialog template={template} how={how} onClose={() => setAsks(false)} />}
    </>
  );
}

interface Props {
  template: Template;
  how: "review" | "open";
  onClose(): void;
}

function ShareDialog({ template, how, onClose }: Props) {
  const { t } = useTranslation();
  const text = useText();
  const cache = useQueryClient();
  const isAdmin = useIsAdmin();
  const [id, setId] = useState(template.id);
  const [note, setNote] = useState("");
  const isReviewed = how === "review" && !isAdmin;
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      await client.POST("/api/v1/templates/{id}/share", {
        params: { path: { id: template.id }, header: { "If-Match": template.hash } },
        body: { note, id },
      });
    },
    onSuccess: () => {
      sharesChanged(cache);
      libraryChanged(cache);
      onClose();
    },
  });
  const errors = useFieldErrors(error, ["/id", "/note"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isId(id) && !isPending) mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("sharing.title", { name: text(template.name) })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit} onKeyDown={holdWhileComposing} className={classes.form}>
        <p>
          {t(isReviewed ? "sharing.willBeReviewed" : "sharing.willBeOpen", { version: template.version })}
        </p>
        <TextInput
          label={t("sharing.id")}
          description={t("sharing.idHint")}
          value={id}
          required
          withAsterisk={false}
          maxLength={64}
          onChange={(event) => setId(event.currentTarget.value)}
          error={id === "" || isId(id) ? errors.at("/id") : t("templates.own.noId")}
        />
        <p className="qd-dim">{t(id === template.id ? "sharing.ownGoes" : "sharing.ownStays")}</p>
        {isReviewed && (
          <Textarea
            label={t("sharing.note")}
            description={t("sharing.noteHint")}
            value={note}
            rows={3}
            resize="vertical"
            maxLength={1000}
            onChange={(event) => setNote(event.currentTarget.value)}
            error={errors.at("/note")}
          />
        )}
        {errors.rest ? <ProblemNote error={errors.rest} /> : null}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={isPending} disabled={!isId(id)}>
            {t(isReviewed ? "sharing.ask" : "sharing.share")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
