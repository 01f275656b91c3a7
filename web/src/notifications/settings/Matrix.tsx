// Which event is told by which way: a row an event, a column a way.
import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { NotificationEvent, NotificationSettings, NotificationWishes } from "../../api/types";
import classes from "./settings.module.css";

const EVENTS = [
  "job-started",
  "job-ended",
  "job-failed",
  "job-time-limit",
  "job-requeued",
] as const satisfies NotificationEvent[];
const WAYS = ["page", "push", "mail", "webhook"] as const;

interface Props {
  settings: NotificationSettings;
  onChange(wish: Partial<NotificationWishes>): void;
}

export function Matrix({ settings, onChange }: Props) {
  const { t } = useTranslation();
  const ways = WAYS.filter((way) => way === "page" || settings.channels.includes(way));
  // What goes nowhere yet is said where it can be changed: beneath.
  const goesNowhere = {
    page: false,
    push: settings.browsers.length === 0,
    mail: settings.email == null,
    webhook: settings.webhook_url == null,
  };
  return (
    <>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">{t("notifications.settings.event")}</th>
            {ways.map((way) => (
              <th key={way} scope="col" data-off={goesNowhere[way] || undefined}>
                {t(`notifications.ways.${way}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {EVENTS.map((event) => (
            <tr key={event}>
              <th scope="row">{t(`notifications.settings.events.${event}`)}</th>
              {ways.map((way) => (
                <td key={way}>
                  <Checkbox
                    aria-label={`${t(`notifications.settings.events.${event}`)}: ${t(`notifications.ways.${way}`)}`}
                    checked={settings[way].includes(event)}
                    onChange={({ currentTarget: { checked } }) =>
                      onChange({
                        [way]: checked
                          ? [...settings[way], event]
                          : settings[way].filter((other) => other !== event),
                      })
                    }
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {ways.some((way) => goesNowhere[way]) && (
        <p className={classes.quiet}>
          {t("notifications.settings.nowhere", {
            ways: ways
              .filter((way) => goesNowhere[way])
              .map((way) => t(`notifications.ways.${way}`))
              .join(", "),
          })}
        </p>
      )}
    </>
  );
}
