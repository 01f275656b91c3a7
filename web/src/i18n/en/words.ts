export const common = {
  loading: "Loading…",
  retry: "Try again",
  close: "Close",
  keep: "Keep it as it is",
  copy: "Copy",
  copied: "Copied",
  yes: "Yes",
  no: "No",
  cancel: "Cancel",
  save: "Save",
  more: "Load more",
  seconds: "{{seconds}} s",
};

export const roles = { admin: "Administrator", operator: "Operator", user: "User", viewer: "Viewer" };

export const schedulers = { slurm: "Slurm", local: "Local queue" };

export const table = { sortBy: "Sort by {{column}}", selectAll: "Select all shown" };

export const states = {
  job: {
    SUBMITTING: "Submitting",
    NOT_SUBMITTED: "Not submitted",
    OUTCOME_UNKNOWN: "Outcome unknown",
    PENDING: "Pending",
    CONFIGURING: "Configuring",
    RUNNING: "Running",
    SUSPENDED: "Suspended",
    COMPLETING: "Completing",
    COMPLETED: "Completed",
    FAILED: "Failed",
    CANCELLED: "Cancelled",
    TIMEOUT: "Timeout",
    OUT_OF_MEMORY: "Out of memory",
    NODE_FAIL: "Node failure",
    BOOT_FAIL: "Boot failure",
    DEADLINE: "Deadline",
    PREEMPTED: "Preempted",
  },
  group: {
    waiting: "Pending",
    running: "Running",
    completed: "Completed",
    failed: "Failed",
    cancelled: "Cancelled",
    unknown: "Unknown",
  },
  node: {
    idle: "Idle",
    mixed: "Mixed",
    allocated: "Allocated",
    completing: "Completing",
    reserved: "Reserved",
    planned: "Planned",
    maint: "Maintenance",
    drained: "Drained",
    draining: "Draining",
    drain: "Drained",
    down: "Down",
    error: "Error",
    fail: "Failing",
    unknown: "Unknown",
  },
};

export const resources = {
  cpus: "CPUs",
  cpuCount_one: "{{formatted}} CPU",
  cpuCount_other: "{{formatted}} CPUs",
  cpusPerTask: "CPUs per task",
  memory: "Memory",
  memoryPerNode: "Memory per node",
  gpus: "GPUs",
  gpuCount_one: "{{count}} GPU",
  gpuCount_other: "{{count}} GPUs",
  gpusPerNode: "GPUs per node",
  nodes: "Nodes",
  tasks: "Tasks",
  timeLimit: "Time limit",
  unlimited: "unlimited",
  partition: "Partition",
  account: "Account",
  qos: "QOS",
  array: "Job array",
};

export const kinds = {
  data: "Data",
  config: "Configuration",
  script: "Script",
  model: "Model",
  mesh: "Mesh",
  result: "Result",
  document: "Document",
};

export const secret = {
  once: "This is shown now and never again: the server keeps only a fingerprint of it. Copy it to where you keep secrets before you close this.",
  done: "I have kept it: close",
};
