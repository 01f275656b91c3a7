// Says whether what the page shows is live, and if not, how old it is and why.
import { useTranslation } from "react-i18next";
import { useFreshness } from "../live/follow-jobs";
import { useConnectionState } from "../live/live";
import { useFormat } from "../ui/format";
import { useProblemText } from "../ui/problem-text";
import { useFallbackText } from "../ui/states";
import { useNow } from "../ui/use-now";
import classes from "./Frame.module.css";

export function LiveMark({ cluster }: { cluster: string | null }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reasons = useProblemText();
  const connection = useConnectionState();
  const { asOf, stale, staleReason, fallback } = useFreshness(cluster);
  const fallbackText = useFallbackText(fallback);
  const mark =
    connection === "open" ? (stale ? "stale" : "live") : connection === "waiting" ? "waiting" : "connecting";
  const now = useNow(mark !== "live");
  const age = asOf && mark !== "live" ? format.ago(asOf, now) : null;
  const tip =
    mark === "stale"
      ? reasons.stale(staleReason) || t("live.staleTip")
      : mark === "live"
        ? fallbackText || (asOf ? t("live.asOf", { time: format.moment(asOf) }) : t("live.liveTip"))
        : t("live.waitingTip");
  return (
    <span className={classes.live} data-mark={mark} role="status" title={tip}>
      <span className={classes.dot} aria-hidden />
      {t(`live.${mark}`)}
      {age && <span className={classes.hideOnPhone}>· {age}</span>}
    </span>
  );
}
