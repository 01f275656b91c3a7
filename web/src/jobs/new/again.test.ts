import { describe, expect, it } from "vitest";
import type { NewJob } from "../../api/types";
import { formOfRequest, mergePatch } from "./again";
import { formFromSearch, submissionOf } from "./form";

const asked: NewJob = {
  name: "wind",
  template: "shell",
  script: null,
  parameters: { commands: "true" },
  image: { id: "i1", app: "sum" },
  files: [{ upload: "u1", as: "in.txt" }],
  resources: { partition: "gpu", gpus: { type: "a100", count: 2 }, time_limit_minutes: 5 },
  working_directory: null,
  environment: { GREETING: "hello" },
};

describe("submitting a job again", () => {
  it("fills the form so that nothing differs", () => {
    const form = { ...formFromSearch({}), ...formOfRequest(asked, []) };
    const again = { ...submissionOf(form, null), environment: asked.environment };
    expect(mergePatch(asked, again)).toEqual({});
  });

  it("takes what was left out for what is empty", () => {
    const script: NewJob = { name: "s", script: "#!/bin/sh\n", template: null, parameters: {}, files: [] };
    const form = { ...formFromSearch({}), ...formOfRequest(script, []) };
    expect(mergePatch(script, submissionOf(form, null))).toEqual({});
  });

  it("sends what was changed, and null for what was taken away", () => {
    const form = { ...formFromSearch({}), ...formOfRequest(asked, []) };
    form.resources = { partition: "gpu", time_limit_minutes: 7 };
    form.files = [];
    const again = { ...submissionOf(form, null), environment: asked.environment };
    expect(mergePatch(asked, again)).toEqual({
      files: [],
      resources: { time_limit_minutes: 7, gpus: null },
    });
  });
});
