// The mail to the site's support, as an address that mail programs understand (RFC 6068).
import type { JobDetail } from "../../api/types";

/** Some mail programs take no longer addresses. */
const LONGEST_BODY = 1500;

export function mailTo(address: string, subject: string, body: string): string {
  const characters = [...body];
  const short = characters.length > LONGEST_BODY ? `${characters.slice(0, LONGEST_BODY).join("")}…` : body;
  const lines = short.replace(/\r?\n/g, "\r\n");
  return `mailto:${encodeURIComponent(address).replace("%40", "@")}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(lines)}`;
}

/** A name that every file system takes. */
export function fileNameOf(job: Pick<JobDetail, "job_id" | "id">): string {
  return `job-${(job.job_id ?? job.id).replace(/[^0-9A-Za-z_+-]/g, "")}-help.md`;
}
