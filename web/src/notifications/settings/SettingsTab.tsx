// What I am told of my jobs, and how: in the page, by mail, by push messages, by a webhook.
import { NativeSelect, NumberInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { JobChoice, NotificationSettings, NotificationWishes } from "../../api/types";
import { LANGUAGE_NAMES, LANGUAGES } from "../../i18n/i18n";
import { Panel } from "../../ui/Panel";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { settingsQuery } from "../queries";
import { Browsers } from "./Browsers";
import { MailAddress } from "./MailAddress";
import { Matrix } from "./Matrix";
import classes from "./settings.module.css";
import { Webhook } from "./Webhook";
import { wishesIn } from "./wishes";

const CHOICES: JobChoice[] = ["all", "longer", "asked"];

export function SettingsTab() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(settingsQuery);
  const { change, failure } = useWishes();
  return (
    <>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {failure && <ProblemNote error={failure} />}
      <div className={classes.page}>
        <Panel title={t("notifications.settings.what")}>
          {!data && !error && <LoadingRows rows={6} height={36} />}
          {data && (
            <>
              <Matrix settings={data} onChange={change} />
              <div className={classes.fields}>
                <NativeSelect
                  label={t("notifications.settings.jobs")}
                  value={data.jobs}
                  data={CHOICES.map((value) => ({
                    value,
                    label: t(`notifications.settings.choices.${value}`),
                  }))}
                  onChange={(event) => change({ jobs: event.currentTarget.value as JobChoice })}
                />
                {data.jobs === "longer" && (
                  <NumberInput
                    label={t("notifications.settings.minutes")}
                    min={1}
                    max={525_600}
                    allowDecimal={false}
                    value={data.longer_than_minutes}
                    onChange={(value) => {
                      if (typeof value === "number" && value >= 1) change({ longer_than_minutes: value });
                    }}
                  />
                )}
                <NativeSelect
                  label={t("notifications.settings.language")}
                  value={data.language}
                  data={LANGUAGES.map((value) => ({ value, label: LANGUAGE_NAMES[value] }))}
                  onChange={(event) => change({ language: event.currentTarget.value === "ko" ? "ko" : "en" })}
                />
              </div>
            </>
          )}
        </Panel>
        {data?.channels.includes("push") && <Browsers settings={data} />}
        {data?.channels.includes("mail") && <MailAddress settings={data} />}
        {data?.channels.includes("webhook") && <Webhook settings={data} />}
        {data && data.channels.length < 3 && (
          <p className={classes.quiet}>{t("notifications.settings.fewer")}</p>
        )}
      </div>
    </>
  );
}

/** Each change is saved at once, in the order made; what is shown is what was wished, until the server says otherwise. */
function useWishes() {
  const cache = useQueryClient();
  const { queryKey } = settingsQuery;
  const save = useMutation({
    scope: { id: "notification-settings" },
    mutationFn: (body: NotificationWishes) => client.PUT("/api/v1/notifications/settings", { body }),
    onError: () => cache.invalidateQueries({ queryKey }),
  });
  const change = (wish: Partial<NotificationWishes>) => {
    const settings = cache.getQueryData<NotificationSettings>(queryKey);
    if (!settings) return;
    const next = { ...settings, ...wish };
    cache.setQueryData<NotificationSettings>(queryKey, next);
    save.mutate(wishesIn(next));
  };
  return { change, failure: save.error };
}
