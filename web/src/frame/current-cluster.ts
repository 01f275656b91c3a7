// The cluster that the person works on: the one in the URL, else the one she last looked at, else the first.
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { clustersQuery } from "../overview/queries";

const STORED = "quarterdeck.cluster";

export function currentCluster(names: string[], inUrl?: string): string | null {
  if (inUrl) return inUrl;
  const last = localStorage.getItem(STORED);
  return last !== null && names.includes(last) ? last : (names[0] ?? null);
}

export function useCurrentCluster(): string | null {
  const { cluster } = useParams({ strict: false });
  const { data } = useQuery(clustersQuery);
  useEffect(() => {
    if (cluster) localStorage.setItem(STORED, cluster);
  }, [cluster]);
  return currentCluster(data?.items.map((item) => item.name) ?? [], cluster);
}
