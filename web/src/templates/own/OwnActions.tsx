// What one may do with a template besides using it: take a copy, and change or put away what is one's own.
import { Button, Text } from "@mantine/core";
import { IconArchive, IconCopy, IconDownload, IconPencil } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, client } from "../../api/client";
import type { Template } from "../../api/types";
import { useCanHaveOwn } from "../../auth/use-session";
import { useText } from "../../i18n/use-text";
import { Confirm } from "../../ui/Confirm";
import { saveAs } from "../../ui/save";
import { ProblemNote } from "../../ui/states";
import { Favourite } from "../Favourite";
import { libraryChanged } from "../queries";
import { ShareTemplate } from "../share/ShareTemplate";
import { CopyDialog } from "./CopyDialog";

interface Props {
  template: Template;
  onEdit(): void;
}

export function OwnActions({ template, onEdit }: Props) {
  const { t } = useTranslation();
  const canHaveOwn = useCanHaveOwn();
  const [asked, setAsked] = useState<"copy" | "archive" | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      {canHaveOwn && <Favourite template={template} />}
      <Export id={template.id} />
      <Button variant="default" leftSection={<IconCopy size={15} />} onClick={() => setAsked("copy")}>
        {t("templates.own.copy")}
      </Button>
      {template.source === "private" && (
        <>
          <Button variant="default" leftSection={<IconPencil size={15} />} onClick={onEdit}>
            {t("templates.own.edit")}
          </Button>
          <ShareTemplate template={template} />
          <Button
            variant="default"
            leftSection={<IconArchive size={15} />}
            onClick={() => setAsked("archive")}
          >
            {t("templates.own.archive")}
          </Button>
        </>
      )}
      {asked === "copy" && (
        <CopyDialog
          initial={`my-${template.id}`}
          make={async (id) => {
            const { data } = await client.POST("/api/v1/templates/{id}/clone", {
              params: { path: { id: template.id } },
              body: { id },
            });
            return data as Template;
          }}
          onClose={close}
        />
      )}
      <Archive template={template} opened={asked === "archive"} onClose={close} />
    </>
  );
}

/** Saves the template's file on the person's disk: the way there takes who is signed in, which a link does not say. */
function Export({ id }: { id: string }) {
  const { t } = useTranslation();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const { data } = await client.GET("/api/v1/templates/{id}/export", {
        params: { path: { id } },
        parseAs: "blob",
      });
      saveAs(data as Blob, `${id}.yaml`);
    },
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconDownload size={15} />}
        loading={isPending}
        onClick={() => mutate()}
      >
        {t("templates.own.export")}
      </Button>
      {error && <ProblemNote error={error} />}
    </>
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
