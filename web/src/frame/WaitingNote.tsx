// Says that the server was asked too often, and when the page goes on by itself.
import { IconHourglass } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useWaitingUntil } from "../api/patience";
import { useFormat } from "../ui/format";
import { useNow } from "../ui/use-now";
import classes from "./Frame.module.css";

export function WaitingNote() {
  const { t } = useTranslation();
  const format = useFormat();
  const until = useWaitingUntil();
  const now = useNow(until !== null);
  return (
    <div role="status">
      {until !== null && (
        <div className={classes.waiting}>
          <IconHourglass size={16} aria-hidden />
          <span>{t("frame.waiting")}</span>
          {/* Not to be read out each second. */}
          <span className="qd-num" aria-hidden>
            {t("common.seconds", { seconds: format.number(Math.max(0, Math.ceil((until - now) / 1000))) })}
          </span>
        </div>
      )}
    </div>
  );
}
