// Brings a problem's pointers to the form's fields. What no field shows is told above the submit button.
import type { FieldProblem, Problem } from "../../api/problem";
import type { Template } from "../../api/types";
import { isAt } from "../../ui/field-errors";
import type { JobForm } from "./form";

export interface FieldErrors {
  /** The first complaint about the field at this pointer, or beneath it. */
  at(pointer: string): FieldProblem | null;
  /** Complaints that belong to no field on the page. */
  rest: FieldProblem[];
  all: FieldProblem[];
}

export function fieldErrors(problem: Problem | null, form: JobForm, template: Template | null): FieldErrors {
  const all = problem?.errors ?? [];
  const shown = shownPointers(form, template);
  return {
    all,
    rest: all.filter((error) => !shown.some((pointer) => isAt(error.pointer, pointer))),
    at: (pointer) => all.find((error) => isAt(error.pointer, pointer)) ?? null,
  };
}

/** JSON pointers escape `~` and `/` (RFC 6901). */
export function parameterPointer(name: string): string {
  return `/parameters/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function shownPointers(form: JobForm, template: Template | null): string[] {
  const resources = [
    "partition",
    "account",
    "qos",
    "nodes",
    "tasks",
    "cpus_per_task",
    "memory_mib",
    "gpus",
    "time_limit_minutes",
    "array",
    "gres",
    "features",
    "licenses",
    "reservation",
  ].map((name) => `/resources/${name}`);
  return [
    "/name",
    "/files",
    "/working_directory",
    "/dependencies",
    ...(form.sweep ? ["/sweep"] : []),
    ...resources,
    ...(form.mode === "template"
      ? ["/template", "/image", ...(template?.parameters ?? []).map(({ name }) => parameterPointer(name))]
      : ["/script"]),
  ];
}
