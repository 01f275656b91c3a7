// Push messages to this browser: asks the person, subscribes at the browser's push service, and tells the server. The
// worker shows them, also while no page is open.
import { client } from "../api/client";

const WORKER = "/push-worker.js";
/** Which of the server's browsers this one is. */
const STORED = "quarterdeck.push-browser";

/** `insecure`: browsers push to pages over HTTPS alone. `denied`: the person has said no, in the browser. */
export type PushHere = "possible" | "insecure" | "unsupported" | "denied";

export function pushHere(): PushHere {
  if (!window.isSecureContext) return "insecure";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window))
    return "unsupported";
  return Notification.permission === "denied" ? "denied" : "possible";
}

export function thisBrowser(): string | null {
  return localStorage.getItem(STORED);
}

/** Rejects with a reason in words where the person or the browser's push service refuses. */
export async function subscribeHere(key: string, language: "en" | "ko"): Promise<void> {
  const permission = await Notification.requestPermission();
  if (permission !== "granted") throw new PushRefused("denied");
  await navigator.serviceWorker.register(WORKER);
  const { pushManager } = await navigator.serviceWorker.ready;
  // One of another key, or of another person who sat here, would not be renewed.
  await (await pushManager.getSubscription())?.unsubscribe();
  const subscription = await pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: key })
    .catch((cause: unknown) => {
      throw new PushRefused("service", { cause });
    });
  const { endpoint, keys } = subscription.toJSON();
  const body = {
    endpoint: endpoint ?? "",
    keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" },
    language,
  };
  const { data } = await client.POST("/api/v1/notifications/browsers", { body });
  if (data) localStorage.setItem(STORED, data.id);
}

/** Of this browser, or of another that the person has lost. */
export async function unsubscribe(id: string): Promise<void> {
  await client.DELETE("/api/v1/notifications/browsers/{id}", { params: { path: { id } } });
  if (id !== thisBrowser()) return;
  localStorage.removeItem(STORED);
  const registration = await navigator.serviceWorker?.getRegistration(WORKER);
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}

export class PushRefused extends Error {
  readonly why: "denied" | "service";

  constructor(why: "denied" | "service", options?: ErrorOptions) {
    super(why, options);
    this.why = why;
  }
}
