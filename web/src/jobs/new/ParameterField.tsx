// The form field of one template parameter, made from its type.
import { Checkbox, NativeSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Parameter } from "../../api/types";
import { useLookUp } from "../../i18n/use-look-up";
import { useText } from "../../i18n/use-text";
import { checkParameter, currentValue } from "./parameters";
import type { ParameterValue } from "./search";

interface Props {
  parameter: Parameter;
  value: ParameterValue | undefined;
  /** What the server said of it. */
  error: string | null;
  /** Also tell what is wrong with a field that has not been touched. */
  strict: boolean;
  onChange(value: ParameterValue | undefined): void;
}

export function ParameterField({ parameter, value: given, error, strict, onChange }: Props) {
  const { t } = useTranslation();
  const text = useText();
  const lookUp = useLookUp();
  const [touched, setTouched] = useState(false);
  const fault = strict || touched ? checkParameter(parameter, given) : null;
  const value = currentValue(parameter, given);
  const common = {
    label: text(parameter.label),
    description: text(parameter.help) || undefined,
    required: parameter.required,
    error: fault ? lookUp(`newJob.checks.${fault.check}`, fault.params) : error,
    onBlur: () => setTouched(true),
  };
  switch (parameter.type) {
    case "boolean":
      return (
        <Checkbox
          {...common}
          required={false}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "integer":
    case "number":
      return (
        <NumberInput
          {...common}
          value={(value ?? "") as number | string}
          // Told, not enforced: a value that changes under one's hands is worse than a message.
          clampBehavior="none"
          {...(typeof parameter.minimum === "number" ? { min: parameter.minimum } : {})}
          {...(typeof parameter.maximum === "number" ? { max: parameter.maximum } : {})}
          allowDecimal={parameter.type === "number"}
          suffix={parameter.unit ? ` ${parameter.unit}` : ""}
          onChange={(next) =>
            onChange(next === "" ? undefined : typeof next === "number" ? next : Number(next))
          }
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={String(value ?? "")}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
          data={[
            ...(value === undefined ? [{ value: "", label: t("newJob.chooseOne") }] : []),
            ...(parameter.choices ?? []).map((choice) => ({
              value: choice.value,
              label: text(choice.label),
            })),
          ]}
        />
      );
    case "text":
      return (
        <Textarea
          {...common}
          autosize
          minRows={3}
          maxRows={14}
          styles={{ input: { fontFamily: "var(--qd-mono)" } }}
          value={String(value ?? "")}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <TextInput
          {...common}
          rightSection={parameter.unit ? <span className="qd-dim">{parameter.unit}</span> : undefined}
          value={String(value ?? "")}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
