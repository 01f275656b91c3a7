// Submitting a job again: the form as it was filled then, and what of it was changed.
import type { NewJob, UploadInfo } from "../../api/types";
import { type JobForm, STARTING_SCRIPT } from "./form";
import { newJobFromSearch } from "./search";
import { sweepForm } from "./sweep/sweep-form";

export function formOfRequest(asked: NewJob, uploads: readonly UploadInfo[]): Partial<JobForm> {
  const { gpus, ...resources } = asked.resources ?? {};
  const flat = { ...resources, ...(gpus ? { gpus: gpus.count, gpu_type: gpus.type } : {}) };
  // As a link would carry it: what the form has no field for stays out.
  const read = newJobFromSearch({
    parameters: asked.parameters,
    resources: flat,
    dependencies: asked.dependencies,
  });
  return {
    mode: asked.script ? "script" : "template",
    name: asked.name,
    template: asked.template ?? null,
    parameters: read.parameters ?? {},
    image: asked.image?.id ?? null,
    app: asked.image?.app ?? null,
    resources: read.resources ?? {},
    dependencies: read.dependencies ?? [],
    script: asked.script ?? STARTING_SCRIPT,
    directory: asked.working_directory ?? "",
    notify: asked.notify ?? false,
    sweep: asked.sweep ? sweepForm(asked.sweep) : null,
    files: (asked.files ?? []).map((file) => {
      const upload = uploads.find(({ id }) => id === file.upload);
      return {
        key: null,
        upload: file.upload,
        filename: upload?.filename ?? file.as ?? file.upload,
        kind: upload?.kind ?? "data",
        as: file.as ?? "",
        finished: true,
      };
    }),
  };
}

/** What turns one value into the other by RFC 7396: null takes away. */
export function mergePatch(from: object, to: object): Record<string, unknown> {
  const before = from as Record<string, unknown>;
  const after = to as Record<string, unknown>;
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[name] ?? null;
    const is = after[name] ?? null;
    if (isNothing(was) && isNothing(is)) continue;
    if (isRecord(was) && isRecord(is)) {
      const inner = mergePatch(was, is);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(was) !== JSON.stringify(is)) patch[name] = is;
  }
  return patch;
}

/** The server writes out what was left out. */
function isNothing(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value as object).length === 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
