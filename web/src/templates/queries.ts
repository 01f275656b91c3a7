// The template library.
import type { QueryClient } from "@tanstack/react-query";
import { api } from "../api/client";

export const templatesQuery = api.queryOptions("get", "/api/v1/templates", {
  params: { query: { limit: 500 } },
});

export const templateQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/templates/{id}", { params: { path: { id } } });

/** The files that cannot be used, of those that one may know of. */
export const templateFaultsQuery = api.queryOptions("get", "/api/v1/templates/scan", {});

/** A template's versions are kept under this key. */
export const versionsKey = ["template-versions"] as const;

/** All of it is asked for anew: a list is one answer, and few of the templates are on the page. */
export function libraryChanged(cache: QueryClient): void {
  const paths = ["/api/v1/templates", "/api/v1/templates/{id}", "/api/v1/templates/scan"];
  for (const path of paths) void cache.invalidateQueries({ queryKey: ["get", path] });
  void cache.invalidateQueries({ queryKey: versionsKey });
}
