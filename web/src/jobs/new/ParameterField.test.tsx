import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { Parameter } from "../../api/types";
import { renderPart } from "../../test/render";
import { ParameterField } from "./ParameterField";

const base: Parameter = {
  name: "bins",
  type: "integer",
  label: { en: "Bins", ko: "구간 수" },
  help: { en: "How fine.", ko: "얼마나 잘게." },
  default: 20,
  required: true,
  minimum: 1,
  maximum: 500,
  max_length: null,
  pattern: null,
  choices: [],
  unit: null,
};

function show(change: Partial<Parameter>, value?: string | number | boolean, language: "en" | "ko" = "en") {
  const onChange = vi.fn();
  renderPart(
    <ParameterField
      parameter={{ ...base, ...change }}
      value={value}
      error={null}
      strict
      onChange={onChange}
    />,
    language,
  );
  return onChange;
}

describe("a template's parameter in the form", () => {
  it("shows the template's default, label and help", () => {
    show({});
    const field = screen.getByLabelText(/Bins/);
    expect((field as HTMLInputElement).value).toBe("20");
    expect(screen.getByText("How fine.")).toBeTruthy();
  });

  it("speaks the reader's language", () => {
    show({}, 900, "ko");
    expect(screen.getByLabelText(/구간 수/)).toBeTruthy();
    expect(screen.getByText("1에서 500 사이여야 합니다.")).toBeTruthy();
  });

  it("passes on a number as a number", async () => {
    const onChange = show({ required: false, default: null });
    await userEvent.type(screen.getByLabelText(/Bins/), "7");
    expect(onChange).toHaveBeenLastCalledWith(7);
  });

  it("passes on a truth as a truth", async () => {
    const onChange = show({ type: "boolean", default: true });
    await userEvent.click(screen.getByLabelText(/Bins/));
    expect(onChange).toHaveBeenLastCalledWith(false);
  });

  it("offers a choice by label and passes on its value", async () => {
    const onChange = show({
      type: "choice",
      default: "a",
      choices: [
        { value: "a", label: { en: "First", ko: "첫째" } },
        { value: "b", label: { en: "Second", ko: "둘째" } },
      ],
    });
    await userEvent.selectOptions(screen.getByLabelText(/Bins/), "Second");
    expect(onChange).toHaveBeenLastCalledWith("b");
  });
});
