import { afterEach, describe, expect, it } from "vitest";
import { forgetFilter, hiddenColumns, savedFilters, saveFilter } from "./list-choices";

afterEach(() => localStorage.clear());

describe("filters of the list of jobs", () => {
  it("are kept under their names until they are forgotten", () => {
    saveFilter("mine", { mine: true });
    saveFilter("wind", { q: "wind" });
    saveFilter("mine", { mine: true, group: "running" });
    expect(savedFilters()).toEqual([
      { name: "wind", filter: { q: "wind" } },
      { name: "mine", filter: { mine: true, group: "running" } },
    ]);
    forgetFilter("wind");
    expect(savedFilters().map(({ name }) => name)).toEqual(["mine"]);
  });

  it("are read as an address is: what is not understood is left out", () => {
    localStorage.setItem(
      "quarterdeck.job-filters",
      JSON.stringify([null, 5, { name: "x", filter: { group: "nonsense", q: "a" } }]),
    );
    expect(savedFilters()).toEqual([{ name: "x", filter: { q: "a" } }]);
    localStorage.setItem("quarterdeck.job-columns-hidden", "{");
    expect(hiddenColumns()).toEqual([]);
  });
});
