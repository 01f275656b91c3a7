import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Notification } from "../api/types";
import { notification } from "../test/notifications";
import { renderPart } from "../test/render";
import { jobOf, toneOf, useNotificationText } from "./text";

function Shown({ of }: { of: Notification }) {
  const text = useNotificationText();
  return (
    <p>
      {text(of)} / {text.failure(of)}
    </p>
  );
}

function words(of: Notification, language: "en" | "ko" = "en"): string {
  const { unmount } = renderPart(<Shown of={of} />, language);
  const shown = screen.getByText(/\//).textContent;
  unmount();
  return shown;
}

const failed = (params: object) =>
  notification("1", { params: { ...Object(notification("1").params), ...params } });

describe("a notification", () => {
  it("says how a job failed, in both languages", () => {
    const one = failed({ reason: "NonZeroExitCode" });
    expect(words(one)).toBe("Job 5 “fluid” on slurm failed: exit code 3, NonZeroExitCode / ");
    expect(words(one, "ko")).toBe("slurm의 작업 5 “fluid” 실패: 종료 코드 3, NonZeroExitCode / ");
    expect(words(failed({ state: "TIMEOUT", exit_code: null }))).toContain(
      "failed: it reached its time limit",
    );
    expect(words(failed({ signal: 9, exit_code: 0 }))).toContain("failed: ended by signal 9");
  });

  it("says what did not leave the portal, and why", () => {
    const one = notification("1", {
      deliveries: [{ channel: "webhook", state: "failed", attempts: 7, reason: "answered", answer: 503 }],
    });
    expect(words(one)).toContain("Not sent by Webhook: the receiver answered 503.");
    expect(words(one, "ko")).toContain("웹훅(으)로 보내지 못했습니다: 수신 측의 응답 503.");
  });

  it("of a code that this page does not know is shown by its code", () => {
    expect(words(notification("1", { code: "job-teleported", params: null }))).toBe("job-teleported / ");
    expect(jobOf({ params: null })).toBeNull();
    expect(jobOf(notification("1"))).toEqual({ cluster: "slurm", job: "job-1" });
    expect(toneOf(notification("1", { code: "job-ended", params: { state: "CANCELLED" } }))).toBe(
      "cancelled",
    );
  });
});
