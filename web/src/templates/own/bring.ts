// One file on its way from the person's disk to a template of her own: a template's, a batch script, or a form of Open
// OnDemand's, of which the server makes a template.

import { client } from "../../api/client";
import { asProblem, Problem } from "../../api/problem";
import type { BroughtTemplate, ConvertedTemplate, Template } from "../../api/types";
import { makeOfFile, makeOfText, tryText, withId } from "./text";

export interface Brought {
  file: File;
  state: "looking" | "good" | "faulty" | "unreadable" | "taken" | "made";
  /** What it would be, or is. */
  template?: Template;
  /** What was made of it, where it is none itself. */
  converted?: Conversion;
  error?: unknown;
  /** Asked for where its own id is taken. */
  otherId?: string;
}

export interface Conversion extends ConvertedTemplate {
  of: "script" | "form";
}

/** The same with these of a script's variables in the form. */
export function withParameters(converted: Conversion, parameters: string[]): Conversion {
  const variables = converted.variables.map((variable) => ({
    ...variable,
    is_parameter: parameters.includes(variable.name),
  }));
  return { ...converted, variables };
}

/** What is longer is not even read: a template never is. */
const MAX_BYTES = 1024 * 1024;

/** What the server says of a file; of a script with these of its variables in the form. */
export async function look(file: File, parameters: string[] = []): Promise<Brought> {
  const text = await textOf(file);
  if (text === null) return { file, state: "unreadable" };
  try {
    const converted = await convert(text, parameters);
    const { template } = await tryText(converted?.yaml ?? text);
    return { file, state: "good", template, ...(converted ? { converted } : {}) };
  } catch (error) {
    return { file, state: "faulty", error };
  }
}

/** Many files in one. */
export function isZip({ name, type }: File): boolean {
  return type === "application/zip" || /\.zip$/i.test(name);
}

/** The files of a zip, each with what the server says of it. It unpacks them itself, within bounds. */
export async function unpack(zip: File): Promise<Brought[]> {
  try {
    const { data } = await client.POST("/api/v1/templates/import/zip", {
      params: { query: { dry_run: true } },
      headers: { "Content-Type": "application/zip" },
      body: zip as unknown as number[],
      bodySerializer: (body) => body as unknown as Blob,
    });
    return (data?.items ?? []).map(ofZip);
  } catch (error) {
    return [{ file: zip, state: "faulty", error }];
  }
}

function ofZip({ name, template, errors, yaml }: BroughtTemplate): Brought {
  const file = new File([yaml ?? ""], name);
  if (template) return { file, state: "good", template };
  const [first] = errors;
  // Another id can be chosen for it: looked at by itself it says what it would be.
  const isTaken = first?.code === "template-id-taken" || first?.code === "id-twice";
  if (typeof yaml === "string" && isTaken) return { file, state: "looking" };
  const { code = "invalid", detail = "" } = first ?? {};
  return { file, state: "faulty", error: new Problem({ status: 422, code, detail, errors }) };
}

/** Null: it is a template's file, or nothing that is known. */
async function convert(text: string, parameters: string[]): Promise<Conversion | null> {
  if (text.startsWith("#!")) {
    const body = { script: text, parameters };
    const { data } = await client.POST("/api/v1/templates/import/batch-script", { body });
    return data ? { ...data, of: "script" } : null;
  }
  if (/^(form|attributes):/m.test(text) && !/^id:/m.test(text)) {
    const { data } = await client.POST("/api/v1/templates/import/open-ondemand", { body: { form: text } });
    return data ? { ...data, of: "form" } : null;
  }
  return null;
}

/** Makes the template, under the other id where there is one. */
export async function bring(row: Brought): Promise<Brought> {
  const { file, template, converted, otherId } = row;
  try {
    const made = await make(file, converted?.yaml, otherId);
    return { file, state: "made", template: made };
  } catch (error) {
    if (template && asProblem(error).code === "template-id-taken") {
      const taken = otherId ?? template.id;
      const other = { template: { ...template, id: taken }, otherId: `my-${taken}` };
      return { file, state: "taken", ...(converted ? { converted } : {}), ...other };
    }
    return { file, state: "faulty", error };
  }
}

async function make(file: File, yaml: string | undefined, id: string | undefined): Promise<Template> {
  if (yaml === undefined && id === undefined) return makeOfFile(file);
  const text = yaml ?? (await textOf(file)) ?? "";
  return makeOfText(id === undefined ? text : withId(text, id));
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
