// The same with several jobs: to which of them it can be done, and how they are sent.
import { client } from "../../api/client";
import { type Problem, problemIn } from "../../api/problem";
import type { Job } from "../../api/types";
import type { JobFilter } from "../filter";
import { queryOf } from "../filter";
import { isFinal } from "../states";

export const MANY_ACTIONS = ["cancel", "hold", "release", "requeue"] as const;
export type ManyAction = (typeof MANY_ACTIONS)[number];

/** As many as may be selected: the server's limit for a page and for a request. */
export const MOST_AT_ONCE = 500;

/** In one request, so that one sees it go on and can stop it. */
const A_STEP = 50;

/** Whether it makes sense now; the scheduler has the last word. */
export function applies(action: ManyAction, job: Job): boolean {
  if (!job.job_id || isFinal(job.state)) return false;
  const held = job.reason?.startsWith("JobHeld") ?? false;
  switch (action) {
    case "cancel":
      return true;
    case "hold":
      return job.state === "PENDING" && !held;
    case "release":
      return job.state === "PENDING" && held;
    case "requeue":
      return job.state === "RUNNING";
  }
}

export interface Outcome {
  done: Job[];
  failed: { job: Job; problem: Problem | null }[];
  /** Asked of the server, which gave no answer. */
  unknown: Job[];
  /** Why not. */
  error: unknown;
}

/** Does it step by step until all are done, a step gets no answer, or it is stopped; what was not begun is left out. */
export async function actOnMany(
  cluster: string,
  action: ManyAction,
  jobs: readonly Job[],
  tell: (outcome: Outcome) => void,
  stopped: () => boolean,
): Promise<Outcome> {
  let outcome: Outcome = { done: [], failed: [], unknown: [], error: null };
  for (let at = 0; at < jobs.length && !stopped(); at += A_STEP) {
    const step = jobs.slice(at, at + A_STEP);
    try {
      const { data } = await client.POST("/api/v1/clusters/{cluster}/jobs/actions", {
        params: { path: { cluster } },
        body: { action, jobs: step.map((job) => job.id) },
      });
      const results = new Map(data?.items.map((item) => [item.job, item]));
      const ok = (job: Job) => results.get(job.id)?.ok === true;
      outcome = {
        ...outcome,
        done: [...outcome.done, ...step.filter(ok)],
        failed: [
          ...outcome.failed,
          ...step
            .filter((job) => !ok(job))
            .map((job) => ({ job, problem: problemIn(results.get(job.id)?.problem) })),
        ],
      };
      tell(outcome);
    } catch (error) {
      return { ...outcome, unknown: step, error };
    }
  }
  return outcome;
}

/** The first jobs that a filter lets through, whether or not they are on the page. */
export async function firstMatching(cluster: string, filter: JobFilter): Promise<Job[]> {
  const { data } = await client.GET("/api/v1/clusters/{cluster}/jobs", {
    params: { path: { cluster }, query: { ...queryOf(filter), limit: MOST_AT_ONCE } },
  });
  return data?.items ?? [];
}
