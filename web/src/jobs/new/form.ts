// The New job form: what it holds, how it begins, and the submission it comes to.
import type { NewJob, Template, TemplateFile } from "../../api/types";
import type { LastUsed } from "./own-jobs";
import type { DependencyForm, NewJobSearch, ParameterValue, ResourceForm } from "./search";
import { type SweepForm, sweepRequest } from "./sweep/sweep-form";

/** A file for the job: on its way in the upload queue, or on the server already. */
export interface FileChoice {
  /** Key in the upload queue; `null` for one that was uploaded earlier. */
  key: string | null;
  /** The server's id, once it is known. */
  upload: string | null;
  filename: string;
  kind: string;
  /** The name it gets in the job's directory; empty for its own. */
  as: string;
  finished: boolean;
}

export interface JobForm {
  mode: "template" | "script";
  name: string;
  template: string | null;
  parameters: Record<string, ParameterValue>;
  image: string | null;
  app: string | null;
  files: FileChoice[];
  resources: ResourceForm;
  dependencies: DependencyForm[];
  script: string;
  directory: string;
  /** Tell me what happens to it. */
  notify: boolean;
  /** Null: a single job. */
  sweep: SweepForm | null;
  /** The job that is submitted again. */
  again: string | null;
}

export const STARTING_SCRIPT =
  "#!/bin/bash -l\n#SBATCH --cpus-per-task=1\n#SBATCH --time=00:10:00\n\nhostname\n";

export function formFromSearch(search: NewJobSearch): JobForm {
  return {
    mode: search.mode ?? "template",
    name: search.name ?? "",
    template: search.template ?? null,
    parameters: search.parameters ?? {},
    image: search.image ?? null,
    app: search.app ?? null,
    files: [],
    resources: search.resources ?? {},
    dependencies: search.dependencies ?? [],
    script: STARTING_SCRIPT,
    directory: search.directory ?? "",
    notify: search.notify ?? false,
    sweep: null,
    again: search.again ?? null,
  };
}

/** What of the form goes into the URL. */
export function searchFromForm(form: JobForm): NewJobSearch {
  return {
    ...(form.mode === "script" ? { mode: "script" as const } : {}),
    ...(form.name ? { name: form.name } : {}),
    ...(form.template ? { template: form.template } : {}),
    ...(form.image ? { image: form.image } : {}),
    ...(form.app ? { app: form.app } : {}),
    ...(Object.keys(form.parameters).length > 0 ? { parameters: form.parameters } : {}),
    ...(Object.keys(form.resources).length > 0 ? { resources: form.resources } : {}),
    ...(form.dependencies.some(({ job }) => job)
      ? { dependencies: form.dependencies.filter(({ job }) => job) }
      : {}),
    ...(form.directory ? { directory: form.directory } : {}),
    ...(form.notify ? { notify: true } : {}),
    ...(form.again ? { again: form.again } : {}),
  };
}

/** The request's body. Only finished files are in it: the others have nothing to give yet. */
export function submissionOf(form: JobForm, template: Template | null, lastUsed: LastUsed = {}): NewJob {
  const { gpus, gpu_type: gpuType, ...resources } = form.resources;
  const files = form.files.flatMap(({ upload, as, finished }) =>
    upload && finished ? [as.trim() ? { upload, as: as.trim() } : { upload }] : [],
  );
  const fromTemplate = form.mode === "template";
  const dependencies = form.dependencies.filter(({ job }) => job);
  return {
    name: form.name.trim() || defaultName(form),
    ...(fromTemplate && form.template
      ? { template: form.template, parameters: knownParameters(form, template) }
      : {}),
    ...(fromTemplate ? {} : { script: form.script }),
    ...(fromTemplate && form.image
      ? { image: { id: form.image, ...(form.app ? { app: form.app } : {}) } }
      : {}),
    files,
    resources: {
      ...presets(form, template, lastUsed),
      ...resources,
      ...(gpus ? { gpus: { count: gpus, ...(gpuType ? { type: gpuType } : {}) } } : {}),
    },
    ...(dependencies.length > 0 ? { dependencies } : {}),
    ...(form.directory.trim() ? { working_directory: form.directory.trim() } : {}),
    ...(form.notify ? { notify: true } : {}),
    ...(form.sweep ? { sweep: sweepRequest(form.sweep, fromTemplate ? template : null) } : {}),
  };
}

/** Used last, where the template leaves it open. */
function presets(form: JobForm, template: Template | null, lastUsed: LastUsed): LastUsed {
  const open = (name: keyof LastUsed) => form.mode === "template" && !template?.resources[name];
  return {
    ...(lastUsed.account && open("account") ? { account: lastUsed.account } : {}),
    ...(lastUsed.partition && open("partition") ? { partition: lastUsed.partition } : {}),
  };
}

export function defaultName(form: JobForm): string {
  return form.mode === "template" ? (form.template?.split("@")[0] ?? "") : "script";
}

/** Values of another template stay in the form while one looks around, but not in the submission. */
function knownParameters(form: JobForm, template: Template | null): Record<string, ParameterValue> {
  if (!template) return form.parameters;
  const names = new Set(template.parameters.map((parameter) => parameter.name));
  return Object.fromEntries(Object.entries(form.parameters).filter(([name]) => names.has(name)));
}

export interface FileCheck {
  wanted: TemplateFile;
  /** The file that answers it. */
  by: FileChoice | null;
  /** A file of the right kind under another name, that could be given this one. */
  candidate: FileChoice | null;
}

/** What a template asks for, against what is there. */
export function checkFiles(wanted: readonly TemplateFile[], files: readonly FileChoice[]): FileCheck[] {
  const wantedNames = new Set(wanted.map((file) => file.name));
  const free = files.filter((file) => !wantedNames.has(nameInJob(file)));
  return wanted.map((file) => ({
    wanted: file,
    by: files.find((choice) => nameInJob(choice) === file.name) ?? null,
    candidate: free.find((choice) => choice.kind === file.kind) ?? null,
  }));
}

export function nameInJob(file: FileChoice): string {
  return file.as.trim() || file.filename;
}

/**
 * Names a new file after the only thing it can be: the template asks for one more file of its kind, and nothing has
 * its name.
 */
export function suggestedName(
  file: FileChoice,
  wanted: readonly TemplateFile[],
  files: readonly FileChoice[],
): string {
  if (wanted.some(({ name }) => name === file.filename)) return "";
  const open = wanted.filter(
    ({ name, kind }) => kind === file.kind && !files.some((other) => nameInJob(other) === name),
  );
  return open.length === 1 ? (open[0]?.name ?? "") : "";
}
