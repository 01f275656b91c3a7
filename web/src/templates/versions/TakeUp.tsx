// Takes up again what a template said before: as the new text of one's own, as a copy of what is everybody's.
import { Button, Text } from "@mantine/core";
import { IconCopy, IconHistory } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import type { Template, TemplateVersion } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { CopyDialog } from "../own/CopyDialog";
import { makeOfText, saveText, withId } from "../own/text";
import { Faults } from "../own/Verdict";
import { libraryChanged } from "../queries";

interface Props {
  id: string;
  /** Null: it is gone. */
  template: Template | null;
  version: TemplateVersion;
  text: string;
}

export function TakeUp(props: Props) {
  const isOwn = (props.template ?? props.version).source === "private";
  return isOwn ? <AsItsText {...props} /> : <AsCopy {...props} />;
}

function AsItsText({ id, template, version, text }: Props) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: async () => {
      if (template) await saveText(id, text, template.hash);
      else await makeOfText(text);
    },
    onSuccess: () => {
      libraryChanged(cache);
      setAsks(false);
      void navigate({ to: "/templates/$template", params: { template: id }, resetScroll: false });
    },
  });
  // What was a template once need not be one for this server.
  const faults = error ? asProblem(error).errors : [];
  return (
    <>
      <Button variant="default" leftSection={<IconHistory size={15} />} onClick={() => setAsks(true)}>
        {t("templates.versions.takeUp")}
      </Button>
      <Confirm
        opened={asks}
        title={t("templates.versions.takeUpTitle", { number: version.number })}
        deed={t("templates.versions.takeUp")}
        busy={isPending}
        error={faults.length > 0 ? null : error}
        onConfirm={() => mutate()}
        onClose={() => {
          setAsks(false);
          reset();
        }}
      >
        <Text size="sm">
          {template ? t("templates.versions.takeUpHint") : t("templates.versions.goneHint")}
        </Text>
        {faults.length > 0 && <Faults errors={faults} />}
      </Confirm>
    </>
  );
}

function AsCopy({ id, text }: Props) {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  return (
    <>
      <Button variant="default" leftSection={<IconCopy size={15} />} onClick={() => setAsks(true)}>
        {t("templates.own.copy")}
      </Button>
      {asks && (
        <CopyDialog
          initial={`my-${id}`}
          make={(newId) => makeOfText(withId(text, newId))}
          onClose={() => setAsks(false)}
        />
      )}
    </>
  );
}
