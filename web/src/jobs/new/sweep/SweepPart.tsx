// The part of the form that makes many jobs of one: a table with a row for each task.
import { Button, Checkbox, FileButton, NativeSelect, NumberInput, TextInput } from "@mantine/core";
import { IconFileImport, IconPlus, IconTrash } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FieldProblem } from "../../../api/problem";
import type { Template } from "../../../api/types";
import { useText } from "../../../i18n/use-text";
import { useFormat } from "../../../ui/format";
import { useProblemText } from "../../../ui/problem-text";
import { Part } from "../Part";
import { RangeHelper } from "./RangeHelper";
import { SweepGrid } from "./SweepGrid";
import classes from "./sweep.module.css";
import {
  addColumn,
  addRow,
  decodeTable,
  EMPTY_SWEEP,
  filledRows,
  importTable,
  MOST_COLUMNS,
  MOST_ROWS,
  type SweepForm,
  sweepFaults,
} from "./sweep-form";

interface Props {
  number: number;
  /** Null: the columns are variables of a script of one's own. */
  template: Template | null;
  sweep: SweepForm | null;
  /** What the server said of the form as it stands, or of the last attempt. */
  errors: readonly FieldProblem[];
  onChange(sweep: SweepForm | null): void;
}

export function SweepPart({ number, template, sweep, errors, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const tasks = sweep ? filledRows(sweep).length : 0;
  const faulty = errors.some(({ pointer }) => pointer.startsWith("/sweep"));
  return (
    <Part
      number={number}
      title={t("sweep.title")}
      done={sweep !== null && tasks > 0 && !faulty}
      hint={sweep ? t("sweep.tasks", { count: tasks, formatted: format.number(tasks) }) : t("sweep.optional")}
    >
      <Checkbox
        label={t("sweep.use")}
        description={t("sweep.about")}
        checked={sweep !== null}
        onChange={(event) => onChange(event.currentTarget.checked ? EMPTY_SWEEP : null)}
      />
      {sweep && <Editor template={template} sweep={sweep} errors={errors} onChange={onChange} />}
    </Part>
  );
}

function Editor({ template, sweep, errors, onChange }: Omit<Props, "number"> & { sweep: SweepForm }) {
  const { t } = useTranslation();
  const text = useText();
  const problemText = useProblemText();
  const [ranging, setRanging] = useState(false);
  const faults = sweepFaults(errors, sweep);
  const choices = template ? columnsOf(template, text) : [];
  const labelOf = (name: string) => choices.find((choice) => choice.value === name)?.label ?? name;
  const full = sweep.columns.length >= MOST_COLUMNS;
  return (
    <div className={classes.editor}>
      <div className={classes.tools}>
        <AddColumn
          choices={template ? choices.filter(({ value }) => !sweep.columns.includes(value)) : null}
          taken={sweep.columns}
          disabled={full}
          onAdd={(name) => onChange(addColumn(sweep, name))}
        />
        <ImportTable sweep={sweep} choices={template ? choices : null} onChange={onChange} />
        <Button variant="default" size="xs" aria-expanded={ranging} onClick={() => setRanging(!ranging)}>
          {t("sweep.range.open")}
        </Button>
      </div>
      {ranging && (
        <RangeHelper
          columns={template ? choices : sweep.columns.map((value) => ({ value, label: value }))}
          sweep={sweep}
          onChange={onChange}
        />
      )}
      {faults.table && (
        <p className={classes.error} role="alert">
          {problemText.field(faults.table)}
        </p>
      )}
      {sweep.columns.length === 0 ? (
        <p className={classes.quiet}>{t(template ? "sweep.noColumns" : "sweep.noVariables")}</p>
      ) : (
        <>
          <SweepGrid
            sweep={sweep}
            template={template}
            labelOf={labelOf}
            faults={faults}
            onChange={onChange}
          />
          <div className={classes.tools}>
            <Button
              variant="default"
              size="xs"
              leftSection={<IconPlus size={14} />}
              disabled={sweep.rows.length >= MOST_ROWS}
              onClick={() => onChange(addRow(sweep))}
            >
              {t("sweep.addRow")}
            </Button>
            <Button
              variant="subtle"
              size="xs"
              leftSection={<IconTrash size={14} />}
              onClick={() => onChange({ ...EMPTY_SWEEP, atOnce: sweep.atOnce })}
            >
              {t("sweep.clear")}
            </Button>
            <NumberInput
              className={classes.atOnce}
              size="xs"
              label={t("sweep.atOnce")}
              placeholder={t("sweep.atOnceAll")}
              min={1}
              allowDecimal={false}
              allowNegative={false}
              value={sweep.atOnce ?? ""}
              onChange={(next) => onChange({ ...sweep, atOnce: next === "" ? null : Number(next) })}
            />
          </div>
          <p className={classes.quiet}>{t("sweep.advice")}</p>
        </>
      )}
    </div>
  );
}

export interface ColumnChoice {
  value: string;
  label: string;
}

function columnsOf(template: Template, text: ReturnType<typeof useText>): ColumnChoice[] {
  const names = new Set(template.parameters.map(({ name }) => name));
  return [
    ...template.parameters.map(({ name, label }) => ({ value: name, label: text(label) })),
    ...template.files
      .filter(({ name }) => !names.has(name))
      .map(({ name }) => ({ value: name, label: name })),
  ];
}

interface AddColumnProps {
  /** Null: any variable. */
  choices: ColumnChoice[] | null;
  taken: readonly string[];
  disabled: boolean;
  onAdd(name: string): void;
}

function AddColumn({ choices, taken, disabled, onAdd }: AddColumnProps) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  if (choices) {
    return (
      <NativeSelect
        size="xs"
        aria-label={t("sweep.addParameter")}
        value=""
        disabled={disabled || choices.length === 0}
        onChange={(event) => event.currentTarget.value && onAdd(event.currentTarget.value)}
        data={[{ value: "", label: t("sweep.addParameter") }, ...choices]}
      />
    );
  }
  const usable = /^[A-Za-z_]\w*$/.test(name) && !taken.includes(name);
  const add = () => {
    if (!usable) return;
    onAdd(name);
    setName("");
  };
  return (
    <>
      <TextInput
        size="xs"
        aria-label={t("sweep.variable")}
        placeholder="TEMPERATURE"
        value={name}
        error={name !== "" && !usable}
        onChange={(event) => setName(event.currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          // It would submit the job.
          event.preventDefault();
          add();
        }}
      />
      <Button variant="default" size="xs" disabled={disabled || !usable} onClick={add}>
        {t("sweep.addVariable")}
      </Button>
    </>
  );
}

interface ImportProps {
  sweep: SweepForm;
  choices: ColumnChoice[] | null;
  onChange(sweep: SweepForm): void;
}

function ImportTable({ sweep, choices, onChange }: ImportProps) {
  const { t } = useTranslation();
  const [told, setTold] = useState<ReactNode>(null);
  const nameOf = (header: string) => {
    if (!choices) return /^[A-Za-z_]\w*$/.test(header) ? header : null;
    const wanted = header.toLowerCase();
    const found = choices.find(
      ({ value, label }) => value.toLowerCase() === wanted || label.toLowerCase() === wanted,
    );
    return found?.value ?? null;
  };
  const take = async (file: File | null) => {
    if (!file) return;
    const imported = importTable(sweep, decodeTable(await file.arrayBuffer()), nameOf);
    if (!imported) {
      setTold(t("sweep.import.nothing", { file: file.name }));
      return;
    }
    const { ignored, cut } = imported;
    setTold(
      [
        ignored.length > 0 && t("sweep.import.ignored", { columns: ignored.join(", ") }),
        cut && t("sweep.import.cut", { count: MOST_ROWS }),
      ]
        .filter(Boolean)
        .join(" "),
    );
    onChange(imported.sweep);
  };
  return (
    <>
      <FileButton
        onChange={(file) => void take(file)}
        accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values"
      >
        {(props) => (
          <Button variant="default" size="xs" leftSection={<IconFileImport size={14} />} {...props}>
            {t("sweep.import.open")}
          </Button>
        )}
      </FileButton>
      <p className={classes.told} role="status">
        {told}
      </p>
    </>
  );
}
