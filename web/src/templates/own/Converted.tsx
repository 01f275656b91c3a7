// What a template was made of, what did not come along as it was, and which of a script's variables the form asks for.
import { Checkbox } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Conversion } from "./bring";
import classes from "./own.module.css";

export function OfWhat({ of }: { of: Conversion["of"] }) {
  const { t } = useTranslation();
  return <span className="qd-dim">{`${t(`templates.import.of.${of}`)} → `}</span>;
}

interface Props {
  converted: Conversion;
  isFixed: boolean;
  onChange(parameters: string[]): void;
}

export function Variables({ converted: { variables, notes }, isFixed, onChange }: Props) {
  const { t } = useTranslation();
  const asked = variables.filter((variable) => variable.is_parameter).map(({ name }) => name);
  return (
    <>
      {notes.length > 0 && (
        <ul className={classes.notes}>
          {notes.map(({ line, code, detail }) => (
            <li key={`${line} ${detail}`}>
              {line !== null && line !== undefined && <strong>{t("templates.own.line", { line })} </strong>}
              {t(`templates.import.notes.${code}`)}
            </li>
          ))}
        </ul>
      )}
      {variables.length > 0 && (
        <fieldset className={classes.variables} disabled={isFixed}>
          <legend>{t("templates.import.ask")}</legend>
          {variables.map(({ name, value, is_parameter }) => (
            <Checkbox
              key={name}
              size="xs"
              label={
                <>
                  <span className="qd-mono">{name}</span>{" "}
                  <span className="qd-dim">
                    {value === null || value === undefined
                      ? t("templates.import.fromOutside")
                      : t("templates.import.now", { value })}
                  </span>
                </>
              }
              checked={is_parameter}
              onChange={() =>
                onChange(is_parameter ? asked.filter((other) => other !== name) : [...asked, name])
              }
            />
          ))}
        </fieldset>
      )}
    </>
  );
}
