// Slurm's job states in the groups that people think in.
export type StateGroup = "waiting" | "running" | "completed" | "failed" | "cancelled" | "unknown";

const GROUP_OF = {
  SUBMITTING: "waiting",
  PENDING: "waiting",
  CONFIGURING: "waiting",
  RUNNING: "running",
  SUSPENDED: "running",
  COMPLETING: "running",
  COMPLETED: "completed",
  FAILED: "failed",
  TIMEOUT: "failed",
  OUT_OF_MEMORY: "failed",
  NODE_FAIL: "failed",
  BOOT_FAIL: "failed",
  DEADLINE: "failed",
  NOT_SUBMITTED: "failed",
  CANCELLED: "cancelled",
  PREEMPTED: "cancelled",
  OUTCOME_UNKNOWN: "unknown",
} as const satisfies Record<string, StateGroup>;

export type JobState = keyof typeof GROUP_OF;

export const JOB_STATES = Object.keys(GROUP_OF) as JobState[];

/** The groups that lists can be narrowed to. */
export const STATE_GROUPS = [
  "waiting",
  "running",
  "completed",
  "failed",
  "cancelled",
] as const satisfies StateGroup[];

export type ListGroup = (typeof STATE_GROUPS)[number];

/** A state that a newer server may say and this page does not know counts as unknown. */
export function groupOf(state: string): StateGroup {
  return GROUP_OF[state as JobState] ?? "unknown";
}

export function isKnownState(state: string): state is JobState {
  return state in GROUP_OF;
}

/** Nothing more will happen to the job by itself. */
export function isFinal(state: string): boolean {
  const group = groupOf(state);
  return group !== "waiting" && group !== "running";
}
