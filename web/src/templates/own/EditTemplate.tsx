// Edits the YAML file of a template of one's own, beside what New job would make of it: checked as it is typed, saved
// only over the text that was read.
import { Button, SegmentedControl } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, type FieldProblem } from "../../api/problem";
import { useFaults, useLast } from "../../jobs/new/use-preview";
import { LeaveUnsaved } from "../../ui/LeaveUnsaved";
import { Panel } from "../../ui/Panel";
import { useProblemText } from "../../ui/problem-text";
import { LoadingRows, ProblemNote } from "../../ui/states";
import { useDebounced } from "../../ui/use-debounced";
import { useSaveKeys } from "../../ui/use-save-keys";
import { libraryChanged } from "../queries";
import { Conflict } from "./Conflict";
import classes from "./own.module.css";
import { Preview, type Values } from "./Preview";
import { saveText, type TemplateText, templateTextQuery, tryText } from "./text";
import { lineOf, Verdict } from "./Verdict";
import type { YamlEditorHandle } from "./YamlEditor";

const YamlEditor = lazy(() => import("./YamlEditor").then((module) => ({ default: module.YamlEditor })));

interface Props {
  id: string;
  onClose(): void;
}

export function EditTemplate({ id, onClose }: Props) {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(templateTextQuery(id));
  return (
    <Panel title={t("templates.own.edit")} flush>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {!data && !error && <LoadingRows />}
      {data && <Editor id={id} read={data} onClose={onClose} />}
    </Panel>
  );
}

/** Typing rests so long before the text is checked, in milliseconds. */
const REST = 500;

function Editor({ id, read, onClose }: Props & { read: TemplateText }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const editor = useRef<YamlEditorHandle>(null);
  const [shown, setShown] = useState<"text" | "preview">("text");
  const [text, setText] = useState(read.yaml);
  const [saved, setSaved] = useState(read);
  const [values, setValues] = useState<Values>({});
  const isSaved = text === saved.yaml;
  const { trial, last, isRested } = useTrial(id, text, values);
  const save = useMutation({
    mutationFn: ({ yaml, over }: { yaml: string; over: string }) =>
      saveText(id, yaml, over).then((hash) => ({ yaml, hash })),
    onSuccess: (now) => {
      setSaved(now);
      libraryChanged(cache);
    },
  });
  const saveNow = () => save.mutate({ yaml: text, over: saved.hash });
  const isConflict = save.error !== null && asProblem(save.error).code === "changed";
  const error = (isConflict ? null : save.error) ?? trial.error;
  const said = useFaults(trial);
  const lineFaults = useLineFaults(save.error && !isConflict ? asProblem(save.error).errors : said);
  const blocker = useBlocker({
    shouldBlockFn: () => !isSaved,
    enableBeforeUnload: () => !isSaved,
    withResolver: true,
  });
  useSaveKeys(() => {
    if (!isSaved && !save.isPending) saveNow();
  });
  return (
    <div className={classes.editor}>
      <div className={classes.choice}>
        <SegmentedControl
          fullWidth
          aria-label={t("templates.editor.shown")}
          value={shown}
          onChange={(value) => setShown(value as typeof shown)}
          data={[
            { value: "text", label: t("templates.editor.text") },
            { value: "preview", label: t("templates.editor.preview") },
          ]}
        />
      </div>
      {isConflict && (
        <Conflict
          id={id}
          mine={text}
          at={save.submittedAt}
          onSaveOver={(over) => save.mutate({ yaml: text, over })}
        />
      )}
      <div className={classes.sides} data-shown={shown}>
        <div className={classes.text}>
          <Suspense fallback={<LoadingRows rows={12} />}>
            <YamlEditor
              ref={editor}
              label={t("templates.own.yaml", { id })}
              describedBy="template-verdict template-keys"
              initial={read.yaml}
              faults={lineFaults}
              onChange={(next) => {
                setText(next);
                if (save.error && !isConflict) save.reset();
              }}
            />
          </Suspense>
        </div>
        <section className={classes.preview} aria-label={t("templates.editor.preview")}>
          <Preview
            trial={trial.data ?? last}
            isFaulty={trial.error !== null || said.length > 0}
            isOld={trial.isFetching || !isRested}
            values={values}
            onChange={setValues}
          />
        </section>
      </div>
      <div id="template-verdict" className={classes.verdict} role="status">
        <Verdict
          error={error}
          isSaved={isSaved}
          isChecked={isRested && trial.isSuccess}
          onLine={(line) => {
            setShown("text");
            // It may have to be shown first.
            requestAnimationFrame(() => editor.current?.goTo(line));
          }}
        />
      </div>
      <div className={classes.deeds}>
        <Button loading={save.isPending} disabled={isSaved} onClick={saveNow}>
          {t("templates.own.save")}
        </Button>
        <Button variant="default" onClick={onClose}>
          {isSaved ? t("common.close") : t("templates.own.discard")}
        </Button>
        <span id="template-keys" className={classes.keys}>
          {t("templates.editor.keys")}
        </span>
      </div>
      <LeaveUnsaved name={id} blocker={blocker} />
    </div>
  );
}

/** What the server says of the text and of what was filled in: one request at a time, once typing rests. */
function useTrial(id: string, yaml: string, values: Values) {
  const rested = useDebounced(
    useMemo(() => ({ yaml, values }), [yaml, values]),
    REST,
  );
  const [known, setKnown] = useState<string | null>(null);
  const parameters = Object.fromEntries(
    Object.entries(rested.values).filter(([name]) => known?.split(" ").includes(name) ?? true),
  );
  const trial = useQuery({
    queryKey: ["template-trial", rested.yaml, parameters],
    queryFn: ({ signal }) => tryText(rested.yaml, parameters, signal),
    retry: false,
    gcTime: 0,
  });
  const last = useLast(trial.data, id);
  // What was filled in for a parameter that the text has no more is asked about no more.
  const names = trial.data?.template.parameters.map(({ name }) => name).join(" ");
  if (names !== undefined && names !== known) setKnown(names);
  return { trial, last, isRested: rested.yaml === yaml && rested.values === values };
}

/** Of those faults that concern a line, what the editor marks. */
function useLineFaults(faults: readonly FieldProblem[]) {
  const problemText = useProblemText();
  return useMemo(
    () =>
      faults.flatMap((fault) => {
        const line = lineOf(fault);
        return line === null ? [] : [{ line, message: problemText.field(fault) }];
      }),
    [faults, problemText],
  );
}
