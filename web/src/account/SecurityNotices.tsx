// What the server noticed of my sessions that I should know: what happened, and what to do.
import { Anchor } from "@mantine/core";
import { IconShieldX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useFormat } from "../ui/format";
import classes from "./account.module.css";
import { reusedSessions } from "./notices";
import { notificationsQuery } from "./queries";
import { useDeviceName } from "./use-device-name";

export function SecurityNotices() {
  const { t } = useTranslation();
  const format = useFormat();
  const deviceName = useDeviceName();
  const { data } = useQuery(notificationsQuery);
  const reused = reusedSessions(data?.items ?? []);
  if (reused.length === 0) return null;
  return (
    <ul className={classes.notices} aria-label={t("sessions.notices")}>
      {reused.map(({ id, at, by, device, address }) => (
        <li key={id} className={classes.notice}>
          <IconShieldX size={18} aria-hidden />
          <div>
            <strong>{t("frame.reusedTitle")}</strong>
            <p>
              {t("sessions.reused.text", {
                time: format.moment(at),
                by,
                device: deviceName(device),
                address,
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
