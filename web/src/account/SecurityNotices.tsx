// What the server noticed of my sessions that I should know: what happened, and what to do.
import { Anchor } from "@mantine/core";
import { IconShieldX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFormat } from "../ui/format";
import classes from "./account.module.css";
import { notificationsQuery } from "./queries";
import { useDeviceName } from "./use-device-name";

const SHOWN_FOR_MS = 30 * 86_400_000;

export function SecurityNotices() {
  const { t } = useTranslation();
  const format = useFormat();
  const deviceName = useDeviceName();
  const { data } = useQuery(notificationsQuery);
  const reused = (data?.items ?? []).filter(
    ({ code, created_at }) =>
      code === "session-token-reused" && Date.now() - Date.parse(created_at) < SHOWN_FOR_MS,
  );
  if (reused.length === 0) return null;
  return (
    <ul className={classes.notices} aria-label={t("sessions.notices")}>
      {reused.map(({ id, params, created_at }) => (
        <li key={id} className={classes.notice}>
          <IconShieldX size={18} aria-hidden />
          <div>
            <strong>{t("sessions.reused.title")}</strong>
            <p>
              {t("sessions.reused.text", {
                time: format.moment(created_at),
                by: textOf(params, "by"),
                device: deviceName(textOf(params, "device")),
                address: textOf(params, "address"),
              })}
            </p>
            <p>
              {t("sessions.reused.advice")}{" "}
              <Anchor
                size="sm"
                underline="always"
                renderRoot={(props) => <Link to="/account" search={{ tab: "password" }} {...props} />}
              >
                {t("password.title")}
              </Anchor>
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Parameters come from the server by name. */
function textOf(params: unknown, name: string): string {
  const value = typeof params === "object" && params !== null && name in params ? Object(params)[name] : "";
  return typeof value === "string" ? value : "";
}
