// What of a New job form is in its URL, so that a link carries a filled form. Files and an own script stay out: they
// are too large, or nobody else's.

export interface NewJobSearch {
  mode?: "script";
  name?: string;
  template?: string;
  image?: string;
  app?: string;
  parameters?: Record<string, ParameterValue>;
  resources?: ResourceForm;
  dependencies?: DependencyForm[];
  directory?: string;
  notify?: true;
  /** Id of a job to submit again. */
  again?: string;
}

export type ParameterValue = string | number | boolean;

/** What the resource fields hold; an empty one leaves the choice to the template and the scheduler. */
export interface ResourceForm {
  partition?: string;
  account?: string;
  qos?: string;
  nodes?: number;
  tasks?: number;
  cpus_per_task?: number;
  memory_mib?: number;
  gpus?: number;
  gpu_type?: string;
  time_limit_minutes?: number;
  array?: string;
  gres?: string;
  features?: string;
  licenses?: string;
  reservation?: string;
}

export const DEPENDENCY_KINDS = ["afterok", "afterany", "afternotok", "after", "aftercorr"] as const;

/** What must become of another job first; `job` is empty until one is chosen. */
export interface DependencyForm {
  type: (typeof DEPENDENCY_KINDS)[number];
  job: string;
}

const RESOURCE_TEXTS = [
  "partition",
  "account",
  "qos",
  "gpu_type",
  "array",
  "gres",
  "features",
  "licenses",
  "reservation",
] as const;
const RESOURCE_NUMBERS = [
  "nodes",
  "tasks",
  "cpus_per_task",
  "memory_mib",
  "gpus",
  "time_limit_minutes",
] as const;

/** Reads the URL's search; what is not understood is left out. */
export function newJobFromSearch(search: Record<string, unknown>): NewJobSearch {
  const form: NewJobSearch = {};
  if (search.mode === "script") form.mode = "script";
  if (search.notify === true) form.notify = true;
  for (const field of ["name", "template", "image", "app", "directory", "again"] as const) {
    const text = textOf(search[field]);
    if (text) form[field] = text;
  }
  if (isRecord(search.parameters)) {
    const values = Object.entries(search.parameters).filter(([, value]) => isValue(value));
    if (values.length > 0) form.parameters = Object.fromEntries(values) as Record<string, ParameterValue>;
  }
  if (isRecord(search.resources)) {
    const resources: ResourceForm = {};
    for (const field of RESOURCE_TEXTS) {
      const text = textOf(search.resources[field]);
      if (text) resources[field] = text;
    }
    for (const field of RESOURCE_NUMBERS) {
      const number = search.resources[field];
      if (typeof number === "number" && Number.isSafeInteger(number)) resources[field] = number;
    }
    if (Object.keys(resources).length > 0) form.resources = resources;
  }
  if (Array.isArray(search.dependencies)) {
    const dependencies = search.dependencies.flatMap(dependencyOf);
    if (dependencies.length > 0) form.dependencies = dependencies;
  }
  return form;
}

function dependencyOf(value: unknown): DependencyForm[] {
  if (!isRecord(value)) return [];
  const job = textOf(value.job);
  const type = DEPENDENCY_KINDS.find((kind) => kind === value.type);
  return job && type ? [{ type, job }] : [];
}

/** The router reads a search for "12" as a number. */
function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isValue(value: unknown): value is ParameterValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
