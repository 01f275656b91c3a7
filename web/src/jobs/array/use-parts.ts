// The tasks of an array or the components of a heterogeneous job, as far as they are loaded; live.
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Job } from "../../api/types";
import { partOf } from "../filter";
import { jobListQuery } from "../queries";

/** As many as the server gives at a time. */
const PARTS = 500;

export function useParts(cluster: string, id: string, number: string) {
  const query = useInfiniteQuery(
    jobListQuery(cluster, { array: { id, number }, sort: "submitted_at" }, PARTS),
  );
  const jobs = (query.data?.pages ?? []).flatMap((page) => page.items);
  const parts = jobs.toSorted((a, b) => numberOf(a) - numberOf(b));
  return { ...query, parts, total: query.data?.pages[0]?.total ?? parts.length };
}

function numberOf(job: Job): number {
  return partOf(job.job_id)?.part ?? 0;
}
