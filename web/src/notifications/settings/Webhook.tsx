// The address that messages are posted to, and the secret that they are signed with.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { NotificationSettings } from "../../api/types";
import { Confirm } from "../../ui/Confirm";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { OneTimeSecret } from "../../ui/OneTimeSecret";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/states";
import { settingsQuery } from "../queries";
import classes from "./settings.module.css";
import { TestMessage } from "./TestMessage";
import { wishesIn } from "./wishes";

export function Webhook({ settings }: { settings: NotificationSettings }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [url, setUrl] = useState(settings.webhook_url ?? "");
  const [secret, setSecret] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const onSuccess = (shown: string | null | undefined) => {
    if (shown) setSecret(shown);
    return cache.invalidateQueries({ queryKey: settingsQuery.queryKey });
  };
  const save = useMutation({
    scope: { id: "notification-settings" },
    mutationFn: async (webhook_url: string | null) => {
      // What was wished in the meantime is kept.
      const now = cache.getQueryData<NotificationSettings>(settingsQuery.queryKey) ?? settings;
      const body = { ...wishesIn(now), webhook_url };
      const { data } = await client.PUT("/api/v1/notifications/settings", { body });
      return data?.webhook_secret;
    },
    onSuccess,
  });
  const renew = useMutation({
    mutationFn: async () => {
      const { data } = await client.POST("/api/v1/notifications/webhook-secret");
      setAsking(false);
      return data?.webhook_secret;
    },
    onSuccess,
  });
  const errors = useFieldErrors(save.error, ["/webhook_url"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate(url.trim() === "" ? null : url.trim());
  };
  return (
    <Panel title={t("notifications.webhook.title")}>
      <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
        <TextInput
          type="url"
          label={t("notifications.webhook.address")}
          description={t("notifications.webhook.hint")}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
          error={errors.at("/webhook_url")}
        />
        {errors.rest !== null && <ProblemNote error={errors.rest} />}
        <div className={classes.line}>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={url.trim() === (settings.webhook_url ?? "")}
          >
            {t("common.save")}
          </Button>
          {settings.webhook_url && (
            <>
              <TestMessage channel="webhook" />
              <Button variant="default" onClick={() => setAsking(true)}>
                {t("notifications.webhook.renew")}
              </Button>
            </>
          )}
        </div>
      </form>
      <Confirm
        opened={asking}
        title={t("notifications.webhook.renewTitle")}
        deed={t("notifications.webhook.renew")}
        destructive
        busy={renew.isPending}
        error={renew.error}
        onConfirm={() => renew.mutate()}
        onClose={() => {
          renew.reset();
          setAsking(false);
        }}
      >
        <p style={{ marginTop: 0 }}>{t("notifications.webhook.renewText")}</p>
      </Confirm>
      {secret && (
        <OneTimeSecret
          title={t("notifications.webhook.secretTitle")}
          label={t("notifications.webhook.secret")}
          secret={secret}
          onClose={() => setSecret(null)}
        >
          <p className={classes.quiet}>{t("notifications.webhook.secretUse")}</p>
        </OneTimeSecret>
      )}
    </Panel>
  );
}
