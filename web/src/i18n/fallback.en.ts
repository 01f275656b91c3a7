// How it is told that slurmrestd fails, in English; fallback.ko.ts must have the same keys.
export const fallbackEn = {
  note: "slurmrestd has failed since {{time}} ({{age}}). Jobs and nodes are read through Slurm's commands until it returns.",
  reason: "Reason: {{reason}}",
};
