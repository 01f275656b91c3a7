// Words for a notification, in the reader's language. Its code and its parameters come from the server, which may be
// newer than this page.
import { useMemo } from "react";
import type { Notification, NotificationDelivery } from "../api/types";
import { type LookUp, useLookUp } from "../i18n/use-look-up";
import type { Tone } from "../ui/StateBadge";

export interface NotificationTexts {
  (notification: Notification): string;
  /** What did not leave the portal with it, and why; `null`: nothing. */
  failure(notification: Notification): string | null;
  /** What became of one message. */
  outcome(delivery: NotificationDelivery): string;
}

export function useNotificationText(): NotificationTexts {
  const lookUp = useLookUp();
  return useMemo(() => notificationTexts(lookUp), [lookUp]);
}

function notificationTexts(lookUp: LookUp): NotificationTexts {
  const reason = ({ reason, answer }: NotificationDelivery) =>
    lookUp(`notifications.reasons.${reason}`, { answer: answer ?? "" }) ?? reason ?? "";
  const way = ({ channel }: NotificationDelivery) => lookUp(`notifications.ways.${channel}`) ?? channel;
  const texts = (notification: Notification) => {
    const facts = factsOf(notification);
    const code =
      notification.code === "job-ended" && facts.text("state") === "CANCELLED"
        ? "job-cancelled"
        : notification.code;
    const params = {
      id: facts.text("job_id"),
      name: facts.text("name"),
      cluster: facts.text("cluster"),
      minutes: facts.number("minutes_left") ?? 0,
      how: howFailed(lookUp, facts),
      by: facts.text("by"),
      template: facts.text("template"),
      reason: facts.text("reason"),
    };
    return lookUp(`notifications.codes.${code}`, params) ?? notification.code;
  };
  return Object.assign(texts, {
    failure({ deliveries }: Notification) {
      const failed = deliveries.find(({ state }) => state === "failed");
      return failed
        ? (lookUp("notifications.notSent", { way: way(failed), reason: reason(failed) }) ?? null)
        : null;
    },
    outcome(delivery: NotificationDelivery) {
      if (delivery.state === "sent") return lookUp("notifications.sent") ?? "";
      const key = delivery.state === "waiting" ? "notifications.again" : "notifications.notSent";
      return lookUp(key, { way: way(delivery), reason: reason(delivery) }) ?? "";
    },
  });
}

export function toneOf({ code, params }: Notification): Tone {
  if (code === "job-failed" || code === "template-share-refused" || code.startsWith("session-"))
    return "failed";
  if (code === "template-share-accepted") return "completed";
  if (code === "job-started") return "running";
  if (code === "job-ended")
    return factsOf({ params }).text("state") === "CANCELLED" ? "cancelled" : "completed";
  return "waiting";
}

/** The job that it is about. */
export function jobOf({ params }: Pick<Notification, "params">): { cluster: string; job: string } | null {
  const facts = factsOf({ params });
  const [cluster, job] = [facts.text("cluster"), facts.text("id")];
  return cluster && job ? { cluster, job } : null;
}

/** The template that it is about, as it was offered to everybody. */
export function shareOf({ code, params }: Pick<Notification, "code" | "params">): string | null {
  return code.startsWith("template-share") ? factsOf({ params }).text("share") || null : null;
}

function howFailed(lookUp: LookUp, facts: Facts): string {
  const [signal, code, state] = [facts.number("signal"), facts.number("exit_code"), facts.text("state")];
  const ofState = state === "FAILED" ? null : lookUp(`notifications.how.${state}`);
  if (ofState) return ofState;
  const how = signal
    ? lookUp("notifications.how.signal", { signal })
    : code !== null
      ? lookUp("notifications.how.code", { code })
      : null;
  const reason = facts.text("reason");
  return [how, reason !== "None" && reason].filter(Boolean).join(", ") || state;
}

interface Facts {
  text(name: string): string;
  number(name: string): number | null;
}

/** Read with care: whatever is missing is empty. */
function factsOf({ params }: Pick<Notification, "params">): Facts {
  const value = (name: string): unknown =>
    typeof params === "object" && params !== null && name in params ? Object(params)[name] : null;
  return {
    text: (name) => {
      const found = value(name);
      return typeof found === "string" ? found : "";
    },
    number: (name) => {
      const found = value(name);
      return typeof found === "number" ? found : null;
    },
  };
}
