// Where mail goes to: an address that has answered with the code that it was sent.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { NotificationSettings } from "../../api/types";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/states";
import { settingsQuery } from "../queries";
import classes from "./settings.module.css";
import { TestMessage } from "./TestMessage";

export function MailAddress({ settings }: { settings: NotificationSettings }) {
  const { t } = useTranslation();
  const changed = useChanged();
  const remove = useMutation({
    mutationFn: () => client.DELETE("/api/v1/notifications/email"),
    onSuccess: changed,
  });
  return (
    <Panel title={t("notifications.mail.title")}>
      <div className={classes.form}>
        {settings.email ? (
          <>
            <p className={classes.text}>{t("notifications.mail.to", { address: settings.email })}</p>
            <div className={classes.line}>
              <TestMessage channel="mail" />
              <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
                {t("notifications.mail.remove")}
              </Button>
            </div>
            {remove.error && <ProblemNote error={remove.error} />}
          </>
        ) : (
          <NewAddress settings={settings} />
        )}
      </div>
    </Panel>
  );
}

function NewAddress({ settings }: { settings: NotificationSettings }) {
  const { t, i18n } = useTranslation();
  const changed = useChanged();
  const [address, setAddress] = useState(settings.pending_email ?? "");
  const send = useMutation({
    mutationFn: () =>
      client.POST("/api/v1/notifications/email", {
        body: { email: address, language: i18n.resolvedLanguage === "ko" ? "ko" : "en" },
      }),
    onSuccess: changed,
  });
  const errors = useFieldErrors(send.error, ["/email"]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!send.isPending) send.mutate();
  };
  return (
    <>
      <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
        <TextInput
          type="email"
          autoComplete="email"
          required
          withAsterisk={false}
          label={t("notifications.mail.address")}
          description={
            settings.mail_domains.length > 0
              ? t("notifications.mail.domains", { domains: settings.mail_domains.join(", ") })
              : t("notifications.mail.hint")
          }
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
          error={errors.at("/email")}
        />
        {errors.rest !== null && <ProblemNote error={errors.rest} />}
        <div>
          <Button
            type="submit"
            variant={settings.pending_email ? "default" : "filled"}
            loading={send.isPending}
          >
            {t(settings.pending_email ? "notifications.mail.sendAgain" : "notifications.mail.send")}
          </Button>
        </div>
      </form>
      {settings.pending_email && <Code address={settings.pending_email} />}
    </>
  );
}

function Code({ address }: { address: string }) {
  const { t } = useTranslation();
  const changed = useChanged();
  const [code, setCode] = useState("");
  const confirm = useMutation({
    mutationFn: () => client.POST("/api/v1/notifications/email/confirm", { body: { code } }),
    onSuccess: changed,
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!confirm.isPending) confirm.mutate();
      }}
    >
      <TextInput
        required
        withAsterisk={false}
        autoComplete="one-time-code"
        label={t("notifications.mail.code")}
        description={t("notifications.mail.codeHint", { address })}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      {confirm.error && <ProblemNote error={confirm.error} />}
      <div>
        <Button type="submit" loading={confirm.isPending}>
          {t("notifications.mail.confirm")}
        </Button>
      </div>
    </form>
  );
}

function useChanged(): () => Promise<void> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: settingsQuery.queryKey });
}
