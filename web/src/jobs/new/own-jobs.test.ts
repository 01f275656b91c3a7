import { describe, expect, it } from "vitest";
import type { Job, Template } from "../../api/types";
import { formFromSearch, submissionOf } from "./form";
import { lastUsedOf } from "./own-jobs";

const job = (change: Partial<Job>) => ({ job_id: "1", account: null, partition: null, ...change }) as Job;
const template = (resources: Template["resources"]) => ({ parameters: [], resources }) as unknown as Template;

describe("what was used last", () => {
  const jobs = [
    job({ job_id: null, account: "refused", partition: "refused" }),
    job({ account: "gone", partition: "gpu" }),
    job({ account: "viz", partition: "compute" }),
  ];

  it("is the newest that the cluster took and that is still there", () => {
    expect(lastUsedOf(jobs, ["physics", "viz"], ["compute", "gpu"])).toEqual({
      account: "viz",
      partition: "gpu",
    });
    expect(lastUsedOf(jobs, [], [])).toEqual({});
  });

  it("is asked for where neither form nor template says it, and by no own script", () => {
    const used = { account: "viz", partition: "gpu" };
    const form = formFromSearch({ template: "shell", resources: { account: "physics" } });
    expect(submissionOf(form, template({}), used).resources).toEqual({
      account: "physics",
      partition: "gpu",
    });
    expect(submissionOf(form, template({ partition: "compute" }), used).resources).toEqual({
      account: "physics",
    });
    expect(submissionOf(formFromSearch({ mode: "script" }), null, used).resources).toEqual({});
  });
});
