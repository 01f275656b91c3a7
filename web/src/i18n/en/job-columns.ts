// The columns of every list of jobs.
export const jobColumns = {
  name: "Name",
  id: "Job id",
  state: "State",
  user: "User",
  partition: "Partition",
  size: "Resources",
  elapsed: "Run time",
  submitted: "Submitted",
};
