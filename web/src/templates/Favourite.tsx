// Keeps a template at hand.
import { ActionIcon } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client";
import type { Template } from "../api/types";
import { useText } from "../i18n/use-text";
import { libraryChanged } from "./queries";

export function Favourite({ template }: { template: Template }) {
  const { t } = useTranslation();
  const text = useText();
  const cache = useQueryClient();
  const changed = { onSettled: () => libraryChanged(cache) };
  const keep = api.useMutation("put", "/api/v1/templates/{id}/favourite", changed);
  const keepNot = api.useMutation("delete", "/api/v1/templates/{id}/favourite", changed);
  const { favourite } = template.uses;
  const label = t(favourite ? "templates.keepNot" : "templates.keep", { name: text(template.name) });
  const deed = favourite ? keepNot : keep;
  return (
    <ActionIcon
      variant="subtle"
      color={favourite ? "yellow" : "gray"}
      aria-label={label}
      title={label}
      onClick={() => {
        if (!deed.isPending) deed.mutate({ params: { path: { id: template.id } } });
      }}
    >
      {favourite ? <IconStarFilled size={16} /> : <IconStar size={16} />}
    </ActionIcon>
  );
}
