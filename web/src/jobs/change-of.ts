// What the dialog to change a job asks for: only what differs from the job as it is.
import type { JobDetail, JobUpdate } from "../api/types";

export interface ChangeForm {
  name: string;
  /** Empty: no limit. */
  minutes: number | "";
  partition: string;
  account: string;
  qos: string;
  /** What is not told of a job: empty means that it stays, unless it is to be removed. */
  reservation: string;
  withoutReservation: boolean;
  dependency: string;
  withoutDependency: boolean;
  nice: number | "";
  priority: number | "";
}

export function changeFormOf(job: JobDetail): ChangeForm {
  return {
    name: job.name,
    minutes: job.time_limit_minutes ?? "",
    partition: job.partition ?? "",
    account: job.account ?? "",
    qos: job.qos ?? "",
    reservation: "",
    withoutReservation: false,
    dependency: "",
    withoutDependency: false,
    nice: "",
    priority: "",
  };
}

/** @param before the form as it was opened: the job may have changed since, and that must not be undone. */
export function changeOf(before: ChangeForm, form: ChangeForm): Partial<JobUpdate> {
  const update: Partial<JobUpdate> = {};
  if (form.name !== before.name) update.name = form.name;
  if (form.minutes !== before.minutes) update.time_limit_minutes = form.minutes === "" ? null : form.minutes;
  for (const field of ["partition", "account", "qos"] as const) {
    if (form[field].trim() !== before[field]) update[field] = form[field].trim();
  }
  if (form.withoutReservation) update.reservation = null;
  else if (form.reservation.trim()) update.reservation = form.reservation.trim();
  if (form.withoutDependency) update.dependency = null;
  else if (form.dependency.trim()) update.dependency = form.dependency.trim();
  if (form.nice !== "") update.nice = form.nice;
  if (form.priority !== "") update.priority = form.priority;
  return update;
}
