// Says that accounting does not answer, without which ended jobs have no exit code.
import { useTranslation } from "react-i18next";
import { useFreshness } from "../live/follow-jobs";
import { useFormat } from "../ui/format";
import { useProblemText } from "../ui/problem-text";
import { StaleLine } from "../ui/states";

export function AccountingNote({ cluster }: { cluster: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const reasons = useProblemText();
  const { accounting } = useFreshness(cluster);
  // Before it was asked for the first time nothing is missed yet.
  if (!accounting?.stale || accounting.stale_reason === "not-read-yet") return null;
  return (
    <StaleLine>
      {accounting.as_of
        ? t("stale.accountingSince", { time: format.moment(accounting.as_of) })
        : t("stale.accounting")}{" "}
      {reasons.stale(accounting.stale_reason)}
    </StaleLine>
  );
}
