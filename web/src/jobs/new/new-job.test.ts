import { describe, expect, it } from "vitest";
import { Problem } from "../../api/problem";
import type { Parameter, Template } from "../../api/types";
import { fieldErrors, parameterPointer } from "./field-errors";
import {
  checkFiles,
  type FileChoice,
  formFromSearch,
  searchFromForm,
  submissionOf,
  suggestedName,
} from "./form";
import { Attempts } from "./idempotency";
import { checkParameter } from "./parameters";
import { newJobFromSearch } from "./search";

const both = (text: string) => ({ en: text, ko: text });

function parameter(change: Partial<Parameter>): Parameter {
  return {
    name: "p",
    type: "string",
    label: both("P"),
    help: null,
    default: null,
    required: false,
    minimum: null,
    maximum: null,
    max_length: null,
    pattern: null,
    choices: [],
    unit: null,
    ...change,
  };
}

const template: Template = {
  id: "python-data",
  version: "1.0.0",
  name: both("Python"),
  description: both(""),
  category: "data",
  source: "official",
  hash: "",
  tags: [],
  schedulers: ["slurm", "local"],
  image: "optional",
  parameters: [parameter({ name: "column", required: true }), parameter({ name: "a/b~c" })],
  files: [
    { name: "input.csv", kind: "data", required: true, label: both("Table"), help: null },
    { name: "settings.yaml", kind: "config", required: false, label: both("Settings"), help: null },
  ],
  resources: {},
  available: true,
  unavailable_reason: null,
  uses: { favourite: false, own_jobs: 0, last_used_at: null, jobs: 0 },
};

const file = (change: Partial<FileChoice>): FileChoice => ({
  key: null,
  upload: "u1",
  filename: "table.csv",
  kind: "data",
  as: "",
  finished: true,
  ...change,
});

describe("a link to New job", () => {
  it("carries the filled form there and back", () => {
    const search = {
      template: "python-data",
      name: "작업 1",
      image: "i1",
      app: "sum",
      parameters: { column: "value", bins: 20, plot: false },
      resources: { partition: "gpu", gpus: 1, time_limit_minutes: 30 },
    };
    expect(searchFromForm(formFromSearch(newJobFromSearch(search)))).toEqual(search);
  });

  it("is read with caution: what does not belong is left out", () => {
    const search = {
      template: ["x"],
      name: 12,
      parameters: { ok: "1", no: { deep: true }, list: [1] },
      resources: { nodes: "many", cpus_per_task: 2, partition: 3.5, evil: "x" },
      unknown: "y",
    };
    expect(newJobFromSearch(search)).toEqual({
      name: "12",
      parameters: { ok: "1" },
      resources: { cpus_per_task: 2, partition: "3.5" },
    });
  });
});

describe("a submission", () => {
  it("holds what was filled in and leaves the rest to template and scheduler", () => {
    const form = formFromSearch({
      template: "python-data",
      parameters: { column: "v", stale: "of another template" },
    });
    form.files = [file({ as: " input.csv " }), file({ upload: "u2", finished: false })];
    form.resources = { gpus: 2, gpu_type: "a100", cpus_per_task: 4 };
    expect(submissionOf(form, template)).toEqual({
      name: "python-data",
      template: "python-data",
      parameters: { column: "v" },
      files: [{ upload: "u1", as: "input.csv" }],
      resources: { cpus_per_task: 4, gpus: { count: 2, type: "a100" } },
    });
  });

  it("of an own script has neither template nor image", () => {
    const form = formFromSearch({ mode: "script", template: "python-data", image: "i1", name: "mine" });
    const body = submissionOf(form, null);
    expect(body).toMatchObject({ name: "mine", script: form.script });
    expect(body).not.toHaveProperty("template");
    expect(body).not.toHaveProperty("image");
  });

  it("keeps its key while the outcome is open, and gets a new one after a refusal or a change", () => {
    const attempts = new Attempts();
    const job = { name: "a" };
    const first = attempts.keyFor(job);
    attempts.settle(new TypeError("Failed to fetch"));
    expect(attempts.keyFor(job)).toBe(first);
    attempts.settle(new Problem({ status: 504, code: "outcome-unknown", detail: "" }));
    expect(attempts.keyFor(job)).toBe(first);
    attempts.settle(new Problem({ status: 422, code: "invalid", detail: "" }));
    const second = attempts.keyFor(job);
    expect(second).not.toBe(first);
    expect(attempts.keyFor({ name: "b" })).not.toBe(second);
  });
});

describe("the files a template asks for", () => {
  it("are there by the name they have in the job", () => {
    const [table, settings] = checkFiles(template.files, [file({ as: "input.csv" })]);
    expect(table?.by?.upload).toBe("u1");
    expect(settings?.by).toBeNull();
  });

  it("can be answered by a file of the same kind under another name", () => {
    const [table, settings] = checkFiles(template.files, [file({})]);
    expect(table).toMatchObject({ by: null, candidate: { upload: "u1" } });
    expect(settings?.candidate).toBeNull();
  });

  it("name a new file that can be nothing else", () => {
    expect(suggestedName(file({}), template.files, [])).toBe("input.csv");
    expect(suggestedName(file({}), template.files, [file({ filename: "input.csv" })])).toBe("");
    expect(suggestedName(file({ filename: "settings.yaml", kind: "config" }), template.files, [])).toBe("");
  });
});

describe("a parameter", () => {
  it.each([
    [{ required: true }, undefined, "required"],
    [{ required: true }, "", "required"],
    [{ required: true, default: "x" }, undefined, null],
    [{ type: "integer", minimum: 1, maximum: 8 }, 9, "between"],
    [{ type: "integer", minimum: 1 }, 0, "minimum"],
    [{ type: "number", maximum: 0.5 }, 0.6, "maximum"],
    [{ type: "integer" }, 1.5, "wholeNumber"],
    [{ max_length: 2 }, "한글", null],
    [{ max_length: 2 }, "👩‍🔬x", "tooLong"],
    [{ pattern: "[a-z]+" }, "abc", null],
    [{ pattern: "[a-z]+" }, "abc1", "pattern"],
    [{ pattern: "(?P<only>rust)" }, "anything", null],
    [{ type: "boolean" }, false, null],
  ] as const)("%o with %o: %s", (change, value, check) => {
    expect(checkParameter(parameter(change as Partial<Parameter>), value)?.check ?? null).toBe(check);
  });
});

describe("a problem's pointers", () => {
  const form = formFromSearch({ template: "python-data" });
  const problem = new Problem({
    status: 422,
    code: "invalid",
    detail: "",
    errors: [
      { pointer: "/resources/gpus/type", detail: "no such GPU" },
      { pointer: "/parameters/a~1b~0c", detail: "escaped" },
      { pointer: "/files/0/as", detail: "taken" },
      { pointer: "/environment/X", detail: "not on the page" },
    ],
  });
  const errors = fieldErrors(problem, form, template);

  it("find the field, or the field that a part belongs to", () => {
    expect(errors.at("/resources/gpus")?.detail).toBe("no such GPU");
    expect(errors.at("/files/0")?.detail).toBe("taken");
    expect(errors.at("/resources/nodes")).toBeNull();
  });

  it("are escaped as JSON pointers are", () => {
    expect(errors.at(parameterPointer("a/b~c"))?.detail).toBe("escaped");
  });

  it("that no field shows are told apart", () => {
    expect(errors.rest.map(({ pointer }) => pointer)).toEqual(["/environment/X"]);
  });
});
