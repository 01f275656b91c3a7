// Checks of a template's parameters that can be told before asking the server, which checks again.
import type { Parameter } from "../../api/types";
import type { ParameterValue } from "./search";

/** A key beneath `newJob.checks`, and what it tells. */
export interface ParameterFault {
  check: "required" | "minimum" | "maximum" | "between" | "wholeNumber" | "tooLong" | "pattern";
  params: Record<string, string | number>;
}

export function checkParameter(
  parameter: Parameter,
  given: ParameterValue | undefined,
): ParameterFault | null {
  const value = currentValue(parameter, given);
  if (value === undefined || value === "")
    return parameter.required ? { check: "required", params: {} } : null;
  switch (parameter.type) {
    case "integer":
    case "number":
      return checkNumber(parameter, value);
    case "string":
    case "text":
      return checkText(parameter, String(value));
    default:
      return null;
  }
}

/** What was given, else the template's default. */
export function currentValue(
  parameter: Parameter,
  given: ParameterValue | undefined,
): ParameterValue | undefined {
  if (given !== undefined) return given;
  const { default: value } = parameter as { default?: unknown };
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

function checkNumber(parameter: Parameter, value: ParameterValue): ParameterFault | null {
  const number = Number(value);
  if (Number.isNaN(number) || (parameter.type === "integer" && !Number.isInteger(number)))
    return { check: "wholeNumber", params: {} };
  const minimum = parameter.minimum ?? null;
  const maximum = parameter.maximum ?? null;
  const outside = (minimum !== null && number < minimum) || (maximum !== null && number > maximum);
  if (!outside) return null;
  if (minimum !== null && maximum !== null) return { check: "between", params: { minimum, maximum } };
  if (minimum !== null) return { check: "minimum", params: { minimum } };
  return { check: "maximum", params: { maximum: maximum ?? 0 } };
}

function checkText(parameter: Parameter, text: string): ParameterFault | null {
  // As the server counts: letters, not UTF-16 units.
  if (parameter.max_length && [...text].length > parameter.max_length)
    return { check: "tooLong", params: { length: parameter.max_length } };
  if (parameter.pattern && !matchesWhole(text, parameter.pattern))
    return { check: "pattern", params: { pattern: parameter.pattern } };
  return null;
}

/** A pattern that only the server's engine understands is left to the server. */
function matchesWhole(text: string, pattern: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, "u").test(text);
  } catch {
    return true;
  }
}
