// The template library.
import { api } from "../api/client";

export const templatesQuery = api.queryOptions("get", "/api/v1/templates", {
  params: { query: { limit: 500 } },
});

export const templateQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/templates/{id}", { params: { path: { id } } });
