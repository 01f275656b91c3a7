// What New job would make of the text as it stands: its form, and the script that comes of it.
import { useTranslation } from "react-i18next";
import type { TemplateTrial } from "../../api/types";
import { useText } from "../../i18n/use-text";
import { parameterPointer } from "../../jobs/new/field-errors";
import newJob from "../../jobs/new/new-job.module.css";
import { ParameterField } from "../../jobs/new/ParameterField";
import type { ParameterValue } from "../../jobs/new/search";
import { CodeView } from "../../ui/CodeView";
import { isAt } from "../../ui/field-errors";
import { Properties } from "../../ui/Properties";
import { useProblemText } from "../../ui/problem-text";
import { LoadingRows } from "../../ui/states";
import { useResourceItems } from "../use-resource-items";
import classes from "./own.module.css";

export type Values = Record<string, ParameterValue>;

interface Props {
  /** Of the last text that was a template. */
  trial: TemplateTrial | undefined;
  /** The text is none at present. */
  isFaulty: boolean;
  isOld: boolean;
  values: Values;
  onChange(values: Values): void;
}

export function Preview({ trial, isFaulty, isOld, values, onChange }: Props) {
  const { t } = useTranslation();
  const text = useText();
  const resourceItems = useResourceItems();
  if (!trial) {
    return isFaulty ? <p className={newJob.noScript}>{t("templates.editor.noPreview")}</p> : <LoadingRows />;
  }
  const { template } = trial;
  return (
    <>
      <div className={classes.previewHead}>
        <strong>{text(template.name)}</strong>
        <span className="qd-dim" role="status">
          {isFaulty ? t("templates.editor.before") : isOld ? t("newJob.updating") : ""}
        </span>
        <p className="qd-dim">{text(template.description)}</p>
      </div>
      <Form trial={trial} values={values} onChange={onChange} />
      {template.files.length > 0 && (
        <>
          <h3 className={newJob.head}>{t("templates.files")}</h3>
          <ul className={classes.wanted}>
            {template.files.map((file) => (
              <li key={file.name}>
                <span className="qd-mono">{file.name}</span> — {text(file.label)}{" "}
                <span className="qd-dim">
                  {t(`kinds.${file.kind as "data"}`)},{" "}
                  {file.required ? t("newJob.required") : t("newJob.optional")}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <h3 className={newJob.head}>{t("newJob.resources")}</h3>
      <Properties items={resourceItems(template)} />
      <h3 className={newJob.head}>{t("newJob.script")}</h3>
      <Script trial={trial} />
    </>
  );
}

function Form({ trial, values, onChange }: Pick<Props, "values" | "onChange"> & { trial: TemplateTrial }) {
  const { t } = useTranslation();
  const problemText = useProblemText();
  const { template, errors } = trial;
  if (template.parameters.length === 0) return null;
  const set = (name: string, value: ParameterValue | undefined) => {
    const { [name]: _, ...others } = values;
    onChange(value === undefined ? others : { ...others, [name]: value });
  };
  const errorAt = (name: string) => {
    // That it is not filled in yet is no fault of the template.
    const wrong = errors.find(
      ({ pointer, code }) => isAt(pointer, parameterPointer(name)) && code !== "missing-parameter",
    );
    return wrong ? problemText.field(wrong) : null;
  };
  return (
    <>
      <h3 className={newJob.head}>{t("newJob.parameters")}</h3>
      <div className={newJob.fields}>
        {template.parameters.map((parameter) => (
          <div
            // A field of another type is another field.
            key={`${parameter.name} ${parameter.type}`}
            className={parameter.type === "text" ? newJob.wide : undefined}
          >
            <ParameterField
              parameter={parameter}
              value={values[parameter.name]}
              strict={false}
              error={errorAt(parameter.name)}
              onChange={(value) => set(parameter.name, value)}
            />
          </div>
        ))}
      </div>
    </>
  );
}

function Script({ trial: { template, script, errors } }: { trial: TemplateTrial }) {
  const { t } = useTranslation();
  const problemText = useProblemText();
  const text = useText();
  const labelOf = (pointer: string) => {
    const parameter = template.parameters.find(({ name }) => parameterPointer(name) === pointer);
    return parameter ? `${text(parameter.label)}: ` : "";
  };
  if (typeof script === "string") {
    return (
      <div className={classes.script}>
        <CodeView code={script} label={t("newJob.script")} language="shell" />
      </div>
    );
  }
  return (
    <>
      <p className={newJob.quiet}>{t("templates.editor.noScript")}</p>
      <ul className={newJob.todo}>
        {errors.map((error) => (
          <li key={`${error.pointer} ${error.detail}`}>
            {labelOf(error.pointer)}
            {problemText.field(error)}
          </li>
        ))}
      </ul>
    </>
  );
}
