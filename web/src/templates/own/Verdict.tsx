// What is wrong with a template's text, and in which line.
import { useTranslation } from "react-i18next";
import { asProblem, type FieldProblem } from "../../api/problem";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import classes from "./own.module.css";

interface Props {
  error: unknown;
  isSaved: boolean;
  isChecked: boolean;
  /** Goes there. */
  onLine(line: number): void;
}

export function Verdict({ error, isSaved, isChecked, onLine }: Props) {
  const { t } = useTranslation();
  if (!error) {
    if (isSaved) return t("templates.own.saved");
    return isChecked ? t("templates.own.good") : t("templates.own.checking");
  }
  const { errors } = asProblem(error);
  if (errors.length === 0) return <ProblemNote error={error} />;
  return <Faults errors={errors} onLine={onLine} />;
}

interface FaultsProps {
  errors: readonly FieldProblem[];
  onLine?: (line: number) => void;
}

/** Each with its line, which may lead there. */
export function Faults({ errors, onLine }: FaultsProps) {
  const { t } = useTranslation();
  const problemText = useProblemText();
  const place = (line: number) => {
    const words = t("templates.own.line", { line });
    if (!onLine) return <strong>{words}</strong>;
    return (
      <button type="button" className={classes.line} onClick={() => onLine(line)}>
        {words}
      </button>
    );
  };
  return (
    <ul className={classes.faults}>
      {errors.map((fault) => {
        const line = lineOf(fault);
        return (
          <li key={`${fault.pointer} ${fault.detail}`}>
            {line !== null && <>{place(line)} </>}
            {problemText.field(fault)}
          </li>
        );
      })}
    </ul>
  );
}

/** Of the text, counted from 1; null where the fault concerns no line. */
export function lineOf({ params }: FieldProblem): number | null {
  return typeof params?.line === "number" ? params.line : null;
}
