// How it is told that slurmrestd fails.
export const fallback = {
  note: "slurmrestd has failed since {{time}} ({{age}}). Jobs and nodes are read through Slurm's commands until it returns.",
  reason: "Reason: {{reason}}",
};
