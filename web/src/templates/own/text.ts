// The text of a template's file.
import { queryOptions } from "@tanstack/react-query";
import { client } from "../../api/client";

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

async function readText(id: string, signal: AbortSignal): Promise<TemplateText> {
  const { data, response } = await client.GET("/api/v1/templates/{id}/export", {
    params: { path: { id } },
    parseAs: "text",
    signal,
  });
  return { yaml: data ?? "", hash: (response.headers.get("ETag") ?? "").replaceAll('"', "") };
}

/** Only says what is wrong. @throws Problem */
export async function checkText(yaml: string): Promise<void> {
  await client.POST("/api/v1/templates", { params: { query: { dry_run: true } }, body: { yaml } });
}

/** @throws Problem, also where somebody changed it meanwhile */
export async function saveText(id: string, yaml: string, hash: string): Promise<string> {
  const { data } = await client.PUT("/api/v1/templates/{id}", {
    params: { path: { id }, header: { "If-Match": hash } },
    body: { yaml },
  });
  return data?.hash ?? "";
}
