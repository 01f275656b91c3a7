import { describe, expect, it } from "vitest";
import { formatFor } from "./format";

describe("numbers in words", () => {
  const en = formatFor("en");
  const ko = formatFor("ko");

  it("count bytes as file systems do", () => {
    expect([0, 1023, 1536, 300 * 1024 ** 2, 2.5 * 1024 ** 4].map((size) => en.bytes(size))).toEqual([
      "0 B",
      "1,023 B",
      "1.5 KiB",
      "300 MiB",
      "2.5 TiB",
    ]);
  });

  it("say a duration in the units that matter", () => {
    expect([0, 59, 61, 3600, 5400, 90_000].map((seconds) => en.duration(seconds))).toEqual([
      "0s",
      "59s",
      "1m 1s",
      "1h",
      "1h 30m",
      "1d 1h",
    ]);
    expect(ko.duration(5400)).toBe("1시간 30분");
  });

  it("say an age in the reader's language", () => {
    const now = Date.parse("2026-11-24T02:00:00Z");
    expect(en.ago("2026-11-24T01:57:00Z", now)).toBe("3 minutes ago");
    expect(ko.ago("2026-11-24T01:57:00Z", now)).toBe("3분 전");
  });
});
