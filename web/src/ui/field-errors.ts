// Brings a problem's pointers to the fields of a form, in words.
import { asProblem } from "../api/problem";
import { useProblemText } from "./problem-text";

export interface FieldErrors {
  /** What is wrong with the field at this pointer, or beneath it. */
  at(pointer: string): string | undefined;
  /** The error where not all of it is told at the fields; else `null`. */
  rest: unknown;
}

/** @param shown the pointers of the fields that the form has. */
export function useFieldErrors(error: unknown, shown: readonly string[]): FieldErrors {
  const text = useProblemText();
  const errors = error ? asProblem(error).errors : [];
  const isTold =
    errors.length > 0 && errors.every((wrong) => shown.some((field) => isAt(wrong.pointer, field)));
  return {
    at(pointer) {
      const wrong = errors.find((wrong) => isAt(wrong.pointer, pointer));
      return wrong && text.field(wrong);
    },
    rest: isTold ? null : (error ?? null),
  };
}

/** The field itself, or a part of it. */
export function isAt(pointer: string, field: string): boolean {
  return pointer === field || pointer.startsWith(`${field}/`);
}
