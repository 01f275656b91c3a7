// What the server knows of uploads.
import { api } from "../api/client";

export const metaQuery = api.queryOptions("get", "/api/v1/meta", {}, { staleTime: Number.POSITIVE_INFINITY });

export const uploadsQuery = api.queryOptions("get", "/api/v1/uploads", { params: { query: { limit: 200 } } });
