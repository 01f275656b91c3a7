// One request whose body's progress can be watched, which `fetch` cannot yet do everywhere.
import { Problem, problemIn } from "../api/problem";

export interface SendRequest {
  method: "POST" | "PATCH" | "HEAD" | "DELETE";
  url: string;
  headers: Record<string, string>;
  body?: Blob;
  /** Bytes of the body that are on their way; not all of them may arrive. */
  onProgress?(bytes: number): void;
  signal: AbortSignal;
}

export interface SendAnswer {
  status: number;
  header(name: string): string | null;
}

/**
 * Answers what the server said where it is a success.
 * @throws Problem for any other answer, and with status 0 where there was none; the signal's reason once it is aborted.
 */
export function send(request: SendRequest, token: string): Promise<SendAnswer> {
  const { method, url, headers, body, onProgress, signal } = request;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const xhr = new XMLHttpRequest();
    const abort = () => xhr.abort();
    signal.addEventListener("abort", abort, { once: true });
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.setRequestHeader("Authorization", `Bearer ${token}`);
    if (onProgress) xhr.upload.onprogress = ({ loaded }) => onProgress(loaded);
    xhr.onerror = () => reject(new Problem({ status: 0, code: "no-answer", detail: "" }));
    xhr.onabort = () => reject(signal.reason);
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300)
        resolve({ status: xhr.status, header: (name) => xhr.getResponseHeader(name) });
      else reject(problemOfAnswer(xhr));
    };
    xhr.onloadend = () => signal.removeEventListener("abort", abort);
    xhr.send(body ?? null);
  });
}

function problemOfAnswer(xhr: XMLHttpRequest): Problem {
  const { status } = xhr;
  const seconds = Number.parseInt(xhr.getResponseHeader("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(seconds) ? null : Math.max(0, seconds);
  const requestId = xhr.getResponseHeader("X-Request-Id");
  const common = { status, requestId, retryAfter };
  let body: unknown = null;
  try {
    body = JSON.parse(xhr.responseText);
  } catch {
    // A proxy before the server answers HTML.
  }
  return problemIn(body, common) ?? new Problem({ ...common, code: `http-${status}`, detail: "" });
}
