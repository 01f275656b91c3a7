// The text of a template's file.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";
import type { Template, TemplateTrial } from "../../api/types";
import type { ParameterValue } from "../../jobs/new/search";

/** Byte for byte, with the hash that changing it takes. */
export interface TemplateText {
  yaml: string;
  hash: string;
}

/** What is being edited must not change under one's hands. */
export const templateTextQuery = (id: string) =>
  queryOptions({
    queryKey: ["template-text", id],
    queryFn: ({ signal }) => readText(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });

export async function readText(id: string, signal: AbortSignal): Promise<TemplateText> {
  const { data, response } = await client.GET("/api/v1/templates/{id}/export", {
    params: { path: { id } },
    parseAs: "text",
    signal,
  });
  return { yaml: data ?? "", hash: (response.headers.get("ETag") ?? "").replaceAll('"', "") };
}

/** What a text would be, and its script with these values; nothing is written. @throws Problem */
export async function tryText(
  yaml: string,
  parameters: Record<string, ParameterValue> = {},
  signal?: AbortSignal,
): Promise<TemplateTrial> {
  const { data } = await client.POST("/api/v1/templates", {
    params: { query: { dry_run: true } },
    body: { yaml, parameters },
    ...(signal ? { signal } : {}),
  });
  return data as TemplateTrial;
}

/** Makes a template of one's own. @throws Problem */
export async function makeOfText(yaml: string): Promise<Template> {
  const { data } = await client.POST("/api/v1/templates", { body: { yaml, parameters: {} } });
  return data as Template;
}

/** Makes one of a file as it lies on the person's disk, byte for byte. @throws Problem */
export async function makeOfFile(file: Blob): Promise<Template> {
  const { data } = await client.POST("/api/v1/templates/import", {
    headers: { "Content-Type": "application/yaml" },
    body: file as unknown as string,
    bodySerializer: (body) => body as unknown as Blob,
  });
  return data as Template;
}

/** The same text under another id, where the id stands as usual: the server says what else is wrong with it. */
export function withId(yaml: string, id: string): string {
  return yaml.replace(/^id:[^\n]*$/m, () => `id: ${id}`);
}

/** What the server takes for an id. */
export function isId(text: string): boolean {
  return /^[a-z0-9-]+$/.test(text);
}

/** @throws Problem, also where somebody changed it meanwhile */
export async function saveText(id: string, yaml: string, hash: string): Promise<string> {
  const { data } = await client.PUT("/api/v1/templates/{id}", {
    params: { path: { id }, header: { "If-Match": hash } },
    body: { yaml },
  });
  return data?.hash ?? "";
}
