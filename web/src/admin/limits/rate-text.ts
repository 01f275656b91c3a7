// A limit in words: "60 a minute, 100 at once".
import { useTranslation } from "react-i18next";
import type { Limit } from "../../api/types";
import { useFormat } from "../../ui/format";

const PERIODS: Record<number, "second" | "minute" | "hour" | "day"> = {
  1: "second",
  60: "minute",
  3600: "hour",
  86400: "day",
};

export function useRateText(): (limit: Limit) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return ({ amount, period_seconds, burst }) => {
    if (amount == null || period_seconds == null) return t("limits.none");
    const period = PERIODS[period_seconds];
    const rate = period
      ? t(`limits.per.${period}`, { amount: format.number(amount) })
      : t("limits.perSeconds", {
          amount: format.number(amount),
          period: format.duration(period_seconds),
        });
    return burst != null && burst !== amount
      ? t("limits.withBurst", { rate, burst: format.number(burst) })
      : rate;
  };
}
