import { describe, expect, it } from "vitest";
import { fileNameOf, mailTo } from "./mail";

describe("the mail to the support", () => {
  it("carries subject and question, whatever is in them", () => {
    const link = mailTo("hpc@example.org", "Job 5: a&b=c", "왜?\nline two #1");
    const url = new URL(link);
    expect(url.pathname).toBe("hpc@example.org");
    expect(url.searchParams.get("subject")).toBe("Job 5: a&b=c");
    expect(url.searchParams.get("body")).toBe("왜?\r\nline two #1");
    expect([...url.searchParams.keys()]).toEqual(["subject", "body"]);
  });

  it("gives no address another meaning", () => {
    const url = new URL(mailTo("a@b?bcc=c@d", "s", "b"));
    expect(url.searchParams.has("bcc")).toBe(false);
  });

  it("is short enough for mail programs", () => {
    expect(mailTo("a@b", "s", "가".repeat(5000)).length).toBeLessThan(16_000);
  });

  it("names the file after the job", () => {
    expect(fileNameOf({ id: "0199", job_id: "5_1" })).toBe("job-5_1-help.md");
    expect(fileNameOf({ id: "0199", job_id: null })).toBe("job-0199-help.md");
  });
});
