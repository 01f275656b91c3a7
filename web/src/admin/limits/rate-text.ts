// A limit in words: "60 a minute, 100 at once".
import { useTranslation } from "react-i18next";
import type { Limit } from "../../api/types";
import { useFormat } from "../../ui/format";

export function useRateText(): (limit: Limit) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return ({ amount, period_seconds, burst }) => {
    if (amount == null) return t("limits.none");
    // A site can write s, min and h.
    const period = period_seconds === 1 ? "second" : period_seconds === 60 ? "minute" : "hour";
    const rate = t(`limits.per.${period}`, { amount: format.number(amount) });
    return burst != null && burst !== amount
      ? t("limits.withBurst", { rate, burst: format.number(burst) })
      : rate;
  };
}
