import { describe, expect, it } from "vitest";
import type { Template } from "../api/types";
import { nearestFirst, onShelf } from "./library";

const template = (id: string, favourite: boolean, last: string | null) =>
  ({ id, uses: { favourite, own_jobs: last ? 1 : 0, last_used_at: last, jobs: 1 } }) as Template;

const LIBRARY = [
  template("never", false, null),
  template("early", false, "2026-01-01T00:00:00Z"),
  template("kept", true, null),
  template("late", false, "2026-11-29T10:00:00.5Z"),
  template("kept-and-used", true, "2026-02-01T00:00:00Z"),
];

const ids = (templates: Template[]) => templates.map(({ id }) => id);

describe("the library", () => {
  it("shows what one keeps at hand, or what one has used, the last first", () => {
    expect(ids(onShelf(LIBRARY, "favourite"))).toEqual(["kept", "kept-and-used"]);
    expect(ids(onShelf(LIBRARY, "recent"))).toEqual(["late", "kept-and-used", "early"]);
    expect(onShelf(LIBRARY, "all")).toEqual(LIBRARY);
  });

  it("offers favourites before all else, then what one used last, and leaves the rest in its order", () => {
    expect(ids(nearestFirst(LIBRARY))).toEqual(["kept-and-used", "kept", "late", "early", "never"]);
    expect(ids(LIBRARY)).toEqual(["never", "early", "kept", "late", "kept-and-used"]);
  });
});
