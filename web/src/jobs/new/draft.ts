// Keeps what the URL does not carry of a form (the own script, the files, the sweep) over a reload or a new sign-in.
import type { FileChoice, JobForm } from "./form";

const STORED = "quarterdeck.new-job";

export function restoreDraft(form: JobForm): JobForm {
  try {
    const draft = JSON.parse(sessionStorage.getItem(STORED) ?? "null") as Pick<
      JobForm,
      "script" | "files" | "sweep"
    > | null;
    if (!draft) return form;
    return { ...form, script: draft.script, files: draft.files, sweep: draft.sweep ?? null };
  } catch {
    return form;
  }
}

export function keepDraft({ script, files, sweep }: JobForm): void {
  // A file on its way is in this page's memory alone; one that arrived can be named again.
  const arrived: FileChoice[] = files
    .filter((file) => file.finished && file.upload)
    .map((file) => ({ ...file, key: null }));
  sessionStorage.setItem(STORED, JSON.stringify({ script, files: arrived, sweep }));
}

export function dropDraft(): void {
  sessionStorage.removeItem(STORED);
}
