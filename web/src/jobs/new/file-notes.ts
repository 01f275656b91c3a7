// What is to be said of each file of a job before it is submitted: what the server would refuse, and what is likely a
// mistake.
import type { TemplateFile } from "../../api/types";
import { type FileChoice, nameInJob } from "./form";

export interface FileNote {
  code: "name-taken" | "bad-name" | "too-large" | "empty" | "other-kind" | "other-ending" | "not-asked";
  /** The job would be refused so. */
  isError: boolean;
  params: { name?: string; kind?: string; ending?: string; bytes?: number };
}

interface Sized {
  /** Bytes; null where it is not known here. */
  size: number | null;
}

/**
 * @param others all files of the job, this one among them.
 * @param maxSize bytes of the largest upload that the site takes; null until it is known.
 */
export function notesOf(
  file: FileChoice & Sized,
  others: readonly FileChoice[],
  wanted: readonly TemplateFile[],
  maxSize: number | null,
): FileNote[] {
  const notes: FileNote[] = [];
  const say = (code: FileNote["code"], isError: boolean, params: FileNote["params"] = {}) =>
    notes.push({ code, isError, params });
  const name = nameInJob(file);
  const slot = wanted.find((one) => one.name === name);
  if (/[/\0]/.test(name) || name === "." || name === "..") say("bad-name", true);
  if (others.filter((other) => nameInJob(other) === name).length > 1) say("name-taken", true, { name });
  if (maxSize !== null && file.size !== null && file.size > maxSize)
    say("too-large", true, { bytes: maxSize });
  if (file.size === 0) say("empty", false);
  if (slot && slot.kind !== file.kind) say("other-kind", false, { name, kind: slot.kind });
  if (slot && endingOf(slot.name) && endingOf(file.filename) !== endingOf(slot.name))
    say("other-ending", false, { name, ending: `.${endingOf(slot.name)}` });
  if (!slot && wanted.length > 0) say("not-asked", false);
  return notes;
}

function endingOf(name: string): string {
  return /.\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}
