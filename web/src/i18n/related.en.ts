// What belongs to a job: its steps, what it waits for and what waits for it. English; related.ko.ts must have the same
// keys.
export const relatedEn = {
  dependencies: "Dependencies",
  thisJob: "This job",
  waitsFor: "It waits for",
  waitedForBy: "These wait for it",
  unknownJob: "Job {{id}}",
  never: "Job {{id}} ended otherwise than was asked, so this job will never start.",
  neverAfter: "These will never start, since this job ended otherwise than they asked: {{jobs}}.",
  kinds: {
    after: "starts after its start",
    afterany: "starts after its end",
    afterok: "starts when it ends well",
    afternotok: "starts when it fails",
    aftercorr: "starts task by task when it ends well",
  },
  standings: {
    waiting: "not yet",
    fulfilled: "has come true",
    never: "can never come true",
    unknown: "not known",
  },
  steps: "Steps",
  stepsHint: "What the job has run: its script, and each srun.",
  noSteps: "Nothing has been recorded yet. Steps appear once the job has started.",
  refresh: "Look again",
  columns: {
    step: "Step",
    name: "Name",
    state: "State",
    exit: "Exit code",
    size: "Size",
    elapsed: "Run time",
  },
  signal: "signal {{signal}}",
  script: "script",
  size: "{{tasks}} × task, {{cpus}} × CPU",
};
