// The columns of every list of jobs, and what opens an array in its row.
export const jobColumns = {
  name: "Name",
  id: "Job id",
  state: "State",
  user: "User",
  partition: "Partition",
  size: "Resources",
  elapsed: "Run time",
  submitted: "Submitted",
  unfold: "Show the parts of {{id}}",
};
