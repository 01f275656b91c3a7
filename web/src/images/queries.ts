// The image catalogue.
import { api } from "../api/client";

export const imagesQuery = api.queryOptions("get", "/api/v1/images", { params: { query: { limit: 500 } } });

export const imageQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/images/{id}", { params: { path: { id } } });
