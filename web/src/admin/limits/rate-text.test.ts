import { renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { I18nextProvider } from "react-i18next";
import { describe, expect, it } from "vitest";
import type { Limit } from "../../api/types";
import { i18nFor } from "../../test/render";
import { useRateText } from "./rate-text";

function textOf(limit: Partial<Limit>, language: "en" | "ko" = "en"): string {
  const wrapper = ({ children }: { children: ReactNode }) =>
    createElement(I18nextProvider, { i18n: i18nFor(language) }, children);
  const { result } = renderHook(useRateText, { wrapper });
  return result.current({ amount: null, period_seconds: null, burst: null, ...limit } as Limit);
}

describe("a limit in words", () => {
  it.each([
    [1, "5 per second", "초당 5회"],
    [60, "5 per minute", "분당 5회"],
    [3600, "5 per hour", "시간당 5회"],
  ])("has each period that a site can write: %d s", (period_seconds, english, korean) => {
    const limit = { amount: 5, period_seconds, burst: 5 };
    expect(textOf(limit)).toBe(english);
    expect(textOf(limit, "ko")).toBe(korean);
  });

  it("names a burst where it is another number", () => {
    expect(textOf({ amount: 60, period_seconds: 60, burst: 100 })).toBe("60 per minute, bursts of 100");
  });

  it("says that there is none", () => {
    expect(textOf({})).toBe("not limited");
  });
});
