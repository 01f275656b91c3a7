// What is wrong with a template's text, and in which line.
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import classes from "./own.module.css";

interface Props {
  error: unknown;
  isSaved: boolean;
  isChecked: boolean;
}

export function Verdict({ error, isSaved, isChecked }: Props) {
  const { t } = useTranslation();
  const problemText = useProblemText();
  if (!error) {
    if (isSaved) return t("templates.own.saved");
    return isChecked ? t("templates.own.good") : t("templates.own.checking");
  }
  const { errors } = asProblem(error);
  if (errors.length === 0) return <ProblemNote error={error} />;
  return (
    <ul className={classes.faults}>
      {errors.map((fault) => (
        <li key={`${fault.pointer} ${fault.detail}`}>
          {typeof fault.params?.line === "number" && (
            <strong>{t("templates.own.line", { line: fault.params.line })} </strong>
          )}
          {problemText.field(fault)}
        </li>
      ))}
    </ul>
  );
}
