import type { Job } from "../api/types";

/** What to call a job: Slurm lets one be without a name, and a link without words leads nobody anywhere. */
export function nameOf({ name, job_id, id }: Pick<Job, "name" | "job_id" | "id">): string {
  return name || job_id || id;
}
