// Takes back what one offered and nobody has decided yet.
import { Button, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../api/client";
import type { TemplateShare } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { sharesChanged } from "./queries";

export function TakeBack({ share }: { share: TemplateShare }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [asks, setAsks] = useState(false);
  const { mutate, isPending, error, reset } = api.useMutation("delete", "/api/v1/template-shares/{id}", {
    onSuccess: () => {
      setAsks(false);
      sharesChanged(cache);
    },
  });
  return (
    <>
      <Button variant="default" onClick={() => setAsks(true)}>
        {t("sharing.takeBack")}
      </Button>
      <Confirm
        opened={asks}
        title={t("sharing.takeBackTitle", { template: share.template })}
        deed={t("sharing.takeBack")}
        busy={isPending}
        error={error}
        onConfirm={() => mutate({ params: { path: { id: share.id } } })}
        onClose={() => {
          setAsks(false);
          reset();
        }}
      >
        <Text size="sm">{t("sharing.takeBackHint")}</Text>
      </Confirm>
    </>
  );
}
