// The browsers that push messages go to, this one among them.
import { Button } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useDeviceName } from "../../account/use-device-name";
import type { NotificationSettings } from "../../api/types";
import { Panel } from "../../ui/Panel";
import { ProblemNote } from "../../ui/states";
import { Moment } from "../../ui/time";
import { PushRefused, pushHere, subscribeHere, thisBrowser, unsubscribe } from "../push";
import { settingsQuery } from "../queries";
import classes from "./settings.module.css";
import { TestMessage } from "./TestMessage";

export function Browsers({ settings }: { settings: NotificationSettings }) {
  const { t, i18n } = useTranslation();
  const deviceName = useDeviceName();
  const cache = useQueryClient();
  const onSettled = () => cache.invalidateQueries({ queryKey: settingsQuery.queryKey });
  const language = i18n.resolvedLanguage === "ko" ? "ko" : "en";
  const add = useMutation({ mutationFn: () => subscribeHere(settings.push_key ?? "", language), onSettled });
  const remove = useMutation({ mutationFn: unsubscribe, onSettled });
  const here = thisBrowser();
  const isHere = settings.browsers.some(({ id }) => id === here);
  const possible = pushHere();
  return (
    <Panel title={t("notifications.push.title")}>
      <div className={classes.form}>
        <p className={classes.text}>{t("notifications.push.text")}</p>
        {settings.browsers.length > 0 && (
          <ul className={classes.browsers} aria-label={t("notifications.push.title")}>
            {settings.browsers.map((browser) => (
              <li key={browser.id}>
                <span>
                  {deviceName(browser.device)}
                  {browser.id === here && ` (${t("notifications.push.here")})`}
                </span>
                <span className={classes.quiet}>
                  <Moment at={browser.created_at} />
                </span>
                <Button
                  variant="default"
                  size="compact-sm"
                  leftSection={<IconTrash size={14} />}
                  aria-label={t("notifications.push.removeOne", { device: deviceName(browser.device) })}
                  onClick={() => remove.mutate(browser.id)}
                >
                  {t("notifications.push.remove")}
                </Button>
              </li>
            ))}
          </ul>
        )}
        {possible !== "possible" && (
          <p className={classes.quiet}>{t(`notifications.push.impossible.${possible}`)}</p>
        )}
        {add.error instanceof PushRefused ? (
          <p className={classes.failure} role="alert">
            {t(`notifications.push.refused.${add.error.why}`)}
          </p>
        ) : (
          add.error && <ProblemNote error={add.error} />
        )}
        {remove.error && <ProblemNote error={remove.error} />}
        <div className={classes.line}>
          {!isHere && possible === "possible" && (
            <Button loading={add.isPending} onClick={() => add.mutate()}>
              {t("notifications.push.add")}
            </Button>
          )}
          {settings.browsers.length > 0 && <TestMessage channel="push" />}
        </div>
      </div>
    </Panel>
  );
}
