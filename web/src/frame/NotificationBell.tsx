// How much of what the person was told she has not read; leads to all of it.
import { IconBell } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useUnread } from "../live/follow-notifications";
import { useFormat } from "../ui/format";
import classes from "./Frame.module.css";

/** Beside the bell there is room for two digits. */
const MOST_SHOWN = 99;

export function NotificationBell() {
  const { t } = useTranslation();
  const format = useFormat();
  const unread = useUnread();
  // Said as it is shown: who speaks to the page names what stands there.
  const shown = unread > MOST_SHOWN ? `${MOST_SHOWN}+` : format.number(unread);
  const label = t("frame.bell", { count: unread, formatted: shown });
  return (
    <Link to="/notifications" className={classes.tool} aria-label={label} title={label}>
      <span className={classes.person}>
        <IconBell size={18} aria-hidden />
        {unread > 0 && (
          <span className={classes.count} aria-hidden>
            {shown}
          </span>
        )}
      </span>
    </Link>
  );
}
