// One file on its way from the person's disk to a template of her own.
import { asProblem } from "../../api/problem";
import type { Template } from "../../api/types";
import { makeOfFile, makeOfText, tryText, withId } from "./text";

export interface Brought {
  file: File;
  state: "looking" | "good" | "faulty" | "unreadable" | "taken" | "made";
  /** What it would be, or is. */
  template?: Template;
  error?: unknown;
  /** Asked for where its own id is taken. */
  otherId?: string;
}

/** What is longer is not even read: a template never is. */
const MAX_BYTES = 1024 * 1024;

/** What the server says of a file. */
export async function look(file: File): Promise<Brought> {
  const text = await textOf(file);
  if (text === null) return { file, state: "unreadable" };
  try {
    return { file, state: "good", template: (await tryText(text)).template };
  } catch (error) {
    return { file, state: "faulty", error };
  }
}

/** Makes the template, under the other id where there is one. */
export async function bring(row: Brought): Promise<Brought> {
  const { file, template, otherId } = row;
  try {
    const made = otherId === undefined ? await makeOfFile(file) : await makeWithId(file, otherId);
    return { file, state: "made", template: made };
  } catch (error) {
    if (template && asProblem(error).code === "template-id-taken") {
      const taken = otherId ?? template.id;
      return { file, state: "taken", template: { ...template, id: taken }, otherId: `my-${taken}` };
    }
    return { file, state: "faulty", error };
  }
}

async function makeWithId(file: File, id: string): Promise<Template> {
  return makeOfText(withId((await textOf(file)) ?? "", id));
}

/** Null: it is no UTF-8 text. */
async function textOf(file: File): Promise<string | null> {
  if (file.size > MAX_BYTES) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return null;
  }
}
