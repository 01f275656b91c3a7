import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { renderPart } from "../test/render";
import { SearchBox } from "./SearchBox";

it("reports what was typed when it is left, and not again when typing rests", async () => {
  const onChange = vi.fn();
  renderPart(
    <>
      <SearchBox label="Search" value="" onChange={onChange} />
      <button type="button">Elsewhere</button>
    </>,
  );
  await userEvent.type(screen.getByLabelText("Search"), "sum", { delay: null });
  await userEvent.click(screen.getByRole("button", { name: "Elsewhere" }));
  expect(onChange.mock.calls.at(-1)).toEqual(["sum"]);
  await new Promise((later) => setTimeout(later, 300));
  expect(onChange.mock.calls.filter(([words]) => words === "sum")).toHaveLength(1);
});
