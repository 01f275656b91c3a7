// Korean for every other page.
import { account, password, sessions } from "./account";
import { admin } from "./admin";
import { array } from "./array";
import { audit } from "./audit";
import { choices } from "./choices";
import { differences } from "./differences";
import { efficiency } from "./efficiency";
import { fieldFaults } from "./field-faults";
import { fileEdit } from "./file-edit";
import { fileTasks } from "./file-tasks";
import { files } from "./files";
import { images } from "./images";
import { jobActions } from "./job-actions";
import { jobs, output } from "./jobs";
import { keys } from "./keys";
import { limits } from "./limits";
import { newJob } from "./new-job";
import { nodeHistory } from "./node-history";
import { nodes } from "./nodes";
import { notifications } from "./notifications";
import { partitions } from "./partitions";
import { permissions } from "./permissions";
import { preview } from "./preview";
import { related } from "./related";
import { reservations } from "./reservations";
import { sharing } from "./sharing";
import { sweep } from "./sweep";
import { templates } from "./templates";
import { uploading } from "./uploading";
import { use } from "./use";
import { users } from "./users";
import { why } from "./why";
import { secret } from "./words";

export const rest = {
  fieldFaults,
  array,
  choices,
  related,
  sweep,
  why,
  notifications,
  preview,
  jobActions,
  jobs,
  output,
  efficiency,
  nodeHistory,
  partitions,
  reservations,
  uploading,
  use,
  newJob,
  templates,
  sharing,
  images,
  fileEdit,
  files,
  fileTasks,
  permissions,
  nodes,
  secret,
  differences,
  account,
  sessions,
  keys,
  password,
  admin,
  users,
  audit,
  limits,
};
