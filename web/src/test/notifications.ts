// Notifications for tests, as the server tells them.
import type { Notification } from "../api/types";

export function notification(id: string, change: Partial<Notification> = {}): Notification {
  return {
    id,
    code: "job-failed",
    params: { cluster: "slurm", id: `job-${id}`, job_id: "5", name: "fluid", state: "FAILED", exit_code: 3 },
    created_at: `2026-11-24T02:00:0${id}Z`,
    read_at: null,
    deliveries: [],
    ...change,
  };
}
