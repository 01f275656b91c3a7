// Tells on every page that a session of the person's may have been copied, until she puts it away.
import { IconShieldX, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ReusedSession } from "../account/notices";
import { useFormat } from "../ui/format";
import classes from "./Frame.module.css";

interface Props {
  reused: ReusedSession;
  onDismiss(): void;
}

export function SecurityBanner({ reused, onDismiss }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.banner} role="alert">
      <IconShieldX size={18} aria-hidden />
      <p>
        <strong>{t("frame.reusedTitle")}.</strong>{" "}
        {t("frame.reused", { time: format.moment(reused.at), by: reused.by })}{" "}
        <Link to="/account" search={{ tab: "sessions" }}>
          {t("pages.account")}
        </Link>
      </p>
      <button type="button" className={classes.tool} aria-label={t("frame.dismiss")} onClick={onDismiss}>
        <IconX size={16} aria-hidden />
      </button>
    </div>
  );
}
