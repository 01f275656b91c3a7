// Beside the form: the batch script that it comes to, kept up to date, and the way to submit it.
import { Button } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { FieldProblem, Problem } from "../../api/problem";
import type { JobPreview } from "../../api/types";
import { CodeView } from "../../ui/CodeView";
import { useFormat } from "../../ui/format";
import { Panel } from "../../ui/Panel";
import { useProblemText } from "../../ui/problem-text";
import { ProblemNote } from "../../ui/states";
import classes from "./new-job.module.css";

interface Props {
  preview: JobPreview | undefined;
  /** The preview is of an earlier state of the form. */
  outdated: boolean;
  /** Why there is no preview of the form as it stands. */
  problem: Problem | null;
  updating: boolean;
  /** Nothing is chosen yet, so there is nothing to preview. */
  empty: boolean;
  submitError: unknown;
  /** Complaints that no field shows. */
  rest: FieldProblem[];
  submitting: boolean;
  /** The field that a pointer means, in words; empty where the complaint says it itself. */
  labelOf(pointer: string): string;
  /** Files that are still on their way. */
  waitingFor: number;
}

/** A sweep may have one in each cell. */
const MOST_FAULTS = 8;

export function ScriptPane(props: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const problemText = useProblemText();
  const { preview, outdated, problem, updating, empty, submitError, rest, submitting, waitingFor, labelOf } =
    props;
  const faults = problem?.errors ?? [];
  return (
    <div className={classes.pane}>
      <Panel
        title={t("newJob.script")}
        hint={updating ? t("newJob.updating") : preview && outdated ? t("newJob.outdated") : undefined}
        flush
        className={classes.scriptPanel}
      >
        {preview ? (
          <CodeView
            code={preview.script}
            label={t("newJob.script")}
            language="shell"
            maxHeight="calc(100dvh - 330px)"
          />
        ) : (
          <p className={classes.noScript}>{empty ? t("newJob.noScriptYet") : t("newJob.scriptNotReady")}</p>
        )}
      </Panel>
      <div role="status" className={classes.status}>
        {!outdated &&
          preview?.warnings.map((warning) => (
            <p key={`${warning.pointer} ${warning.detail}`} className={classes.warning}>
              {problemText.field(warning)}
            </p>
          ))}
        {!outdated && preview?.start_estimate && (
          <p className={classes.quiet}>
            {t("newJob.startEstimate", { time: format.moment(preview.start_estimate) })}
          </p>
        )}
        {!submitError && problem && faults.length > 0 && (
          <ul className={classes.todo} aria-label={t("newJob.todo")}>
            {faults.slice(0, MOST_FAULTS).map((fault) => (
              <li key={`${fault.pointer} ${fault.detail}`}>
                {labelOf(fault.pointer) && `${labelOf(fault.pointer)}: `}
                {problemText.field(fault)}
              </li>
            ))}
            {faults.length > MOST_FAULTS && (
              <li>{t("sweep.moreFaults", { count: faults.length - MOST_FAULTS })}</li>
            )}
          </ul>
        )}
        {!submitError && problem && faults.length === 0 && (
          <ProblemNote error={problem} title={t("newJob.previewFailed")} />
        )}
      </div>
      {submitError ? (
        <>
          <ProblemNote error={submitError} title={t("newJob.notSubmitted")} />
          {rest.length > 0 && (
            <ul className={classes.todo}>
              {rest.map((fault) => (
                <li key={`${fault.pointer} ${fault.detail}`}>
                  <span className="qd-mono">{fault.pointer}</span> {problemText.field(fault)}
                </li>
              ))}
            </ul>
          )}
        </>
      ) : null}
      <Button
        type="submit"
        size="sm"
        leftSection={<IconSend size={16} />}
        loading={submitting}
        disabled={waitingFor > 0 || empty}
      >
        {t("newJob.submit")}
      </Button>
      {waitingFor > 0 && <p className={classes.quiet}>{t("newJob.waitingFor", { count: waitingFor })}</p>}
    </div>
  );
}
