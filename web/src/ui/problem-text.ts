// Words for problem documents and for reasons of staleness, in the reader's language. A code that this page does not
// know yet shows the server's own English sentence.
import { useMemo } from "react";
import type { FieldProblem, Problem } from "../api/problem";
import { type LookUp, useLookUp } from "../i18n/use-look-up";

/** Longer waits are told in minutes. */
const LONGEST_IN_SECONDS = 120;

export interface ProblemText {
  /** What happened. */
  title: string;
  /** What to do; empty where the title says it. */
  advice: string;
}

export interface ProblemTexts {
  (problem: Problem): ProblemText;
  field(problem: FieldProblem): string;
  stale(reason: string | null | undefined): string;
}

export function useProblemText(): ProblemTexts {
  const lookUp = useLookUp();
  return useMemo(() => problemTexts(lookUp), [lookUp]);
}

export function problemTexts(lookUp: LookUp): ProblemTexts {
  const whole = (problem: Problem): ProblemText => {
    const params = { ...problem.params, detail: problem.detail };
    return {
      title:
        lookUp(`problem.codes.${problem.code}`, params) ||
        lookUp(`fieldFaults.${problem.code}`, params) ||
        problem.detail ||
        lookUp(`problem.codes.http-${problem.status}`, params) ||
        lookUp("problem.unknown", { code: problem.code }) ||
        problem.code,
      advice: adviceFor(lookUp, problem),
    };
  };

  return Object.assign(whole, {
    field: (problem: FieldProblem) =>
      (problem.code && lookUp(`fieldFaults.${problem.code}`, problem.params)) || problem.detail,
    stale: (reason: string | null | undefined) =>
      reason ? (lookUp(`stale.reasons.${reason}`) ?? reason) : "",
  });
}

function adviceFor(lookUp: LookUp, problem: Problem): string {
  const seconds = problem.retryAfter ?? 30;
  const advice =
    problem.status === 429
      ? seconds > LONGEST_IN_SECONDS
        ? "waitMinutes"
        : "wait"
      : problem.code === "no-answer"
        ? "connection"
        : problem.status === 500
          ? "report"
          : null;
  return (advice && lookUp(`problem.advice.${advice}`, { seconds, minutes: Math.ceil(seconds / 60) })) || "";
}
