// Jobs for tests.
import type { Job } from "../api/types";

export function job(id: string, change: Partial<Job> = {}): Job {
  return {
    id,
    cluster: "slurm",
    job_id: id,
    name: `job ${id}`,
    user: "alice",
    account: null,
    partition: "normal",
    qos: null,
    state: "PENDING",
    reason: null,
    message: null,
    exit_code: null,
    signal: null,
    submitted_at: "2026-11-24T02:00:00Z",
    started_at: null,
    ended_at: null,
    time_limit_minutes: 10,
    node_list: null,
    nodes: 1,
    cpus: 1,
    memory_mib: null,
    gpus: 0,
    template: null,
    image: null,
    working_directory: null,
    mine: true,
    ...change,
  };
}
