import { describe, expect, it } from "vitest";
import { nameOf } from "./name";

describe("a job", () => {
  it("is called by its number where it has no name, and by our own id where it has no number yet", () => {
    expect(nameOf({ name: "wind", job_id: "7", id: "a" })).toBe("wind");
    expect(nameOf({ name: "", job_id: "7", id: "a" })).toBe("7");
    expect(nameOf({ name: "", job_id: null, id: "a" })).toBe("a");
  });
});
