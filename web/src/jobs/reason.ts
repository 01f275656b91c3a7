// Why a job waits or ended as it did, in plain words beside Slurm's own.
import { useTranslation } from "react-i18next";
import type { Job } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { groupOf } from "./states";

/** Answers an empty text where there is nothing to explain. */
export function useReasonText(): (job: Job) => string {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  return (job) => {
    // "ReqNodeNotAvail, UnavailableNodes:n1" begins with the word that has a meaning.
    const word = job.reason?.split(/[ ,(]/)[0];
    const own = word && word !== "None" ? job.reason : null;
    if (own) {
      const meaning = lookUp(`reasons.${word}`);
      if (meaning) return `${meaning} (${own})`;
      if (groupOf(job.state) === "waiting") return t("reasons.waitingFor", { reason: own });
      return own;
    }
    return lookUp(`reasons.states.${job.state}`) ?? "";
  };
}
