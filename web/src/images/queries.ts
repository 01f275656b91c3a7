// The image catalogue.
import { api } from "../api/client";

export const imagesQuery = api.queryOptions("get", "/api/v1/images", { params: { query: { limit: 500 } } });

/** How far a scan is: the live connection tells. */
export const scanQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/images/scans/{id}", { params: { path: { id } } });

export const imageQuery = (id: string) =>
  api.queryOptions("get", "/api/v1/images/{id}", { params: { path: { id } } });
