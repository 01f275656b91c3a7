// What to ask for next time, as words.
import { useTranslation } from "react-i18next";
import type { Suggestion } from "../api/types";
import { type Format, useFormat } from "../ui/format";

type Resource = Suggestion["resource"];
type Key = `${"memory_mib" | "time_limit_minutes"}.${"less" | "more"}` | `${"cpus_per_task" | "gpus"}.less`;

/** The sentence for this kind of advice. */
function keyOf({ resource, value, asked }: Suggestion): Key {
  if (resource === "cpus_per_task" || resource === "gpus") return `${resource}.less`;
  return `${resource}.${value < asked ? "less" : "more"}`;
}

export function amountOf(resource: Resource, amount: number, format: Format): string {
  if (resource === "memory_mib") return format.mebibytes(amount);
  if (resource === "time_limit_minutes") return format.duration(amount * 60);
  return format.number(amount);
}

/** `next`: of one job; `advice`: of several runs. */
export function useSuggestionText(): (of: "next" | "advice", suggestion: Suggestion) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (of, suggestion) => {
    const { resource, used, asked, value } = suggestion;
    const key = keyOf(suggestion);
    const words = {
      used: amountOf(resource, used, format),
      asked: amountOf(resource, asked, format),
      value: amountOf(resource, value, format),
    };
    return of === "next" ? t(`efficiency.next.${key}`, words) : t(`efficiency.advice.${key}`, words);
  };
}
