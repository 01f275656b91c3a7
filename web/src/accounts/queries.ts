// Accounts, QOS, and what else jobs may ask for.
import { api } from "../api/client";

export const accountsQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/accounts", { params: { path: { cluster } } });

export const choicesQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/choices", { params: { path: { cluster } } });

export const reservationNamesQuery = (cluster: string) =>
  api.queryOptions("get", "/api/v1/clusters/{cluster}/reservations", { params: { path: { cluster } } });
