// A job's output: the end of the file first, then what is written from there on, by the live connection.
import { useCallback, useEffect, useRef, useState } from "react";
import { authorizedFetch } from "../api/http";
import { problemOf } from "../api/problem";
import type { JobDetail } from "../api/types";
import type { ChannelMessage } from "../live/connection";
import { live } from "../live/live";
import { saveAs } from "../ui/save";
import { OutputText } from "./output-text";
import { isFinal } from "./states";

export type Stream = "stdout" | "stderr";

/** What is read at first of a file that may be huge. */
const TAIL_BYTES = 512 * 1024;

export interface Output {
  lines: string[];
  truncated: boolean;
  /** Bytes in the file. */
  size: number;
  loading: boolean;
  /** The job has not written anything yet. */
  missing: boolean;
  error: unknown;
  refresh(): void;
}

export function useOutput(cluster: string, job: JobDetail, stream: Stream): Output {
  const text = useRef<OutputText | null>(null);
  const [shown, setShown] = useState<Pick<Output, "lines" | "truncated" | "size" | "missing">>({
    lines: [],
    truncated: false,
    size: 0,
    missing: true,
  });
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const painting = useRef(0);
  const reading = useRef(false);

  // A job that writes fast must not render the page for each message.
  const paint = useCallback(() => {
    if (painting.current) return;
    painting.current = requestAnimationFrame(() => {
      painting.current = 0;
      const now = text.current;
      if (now)
        setShown({ lines: now.lines, truncated: now.truncated, size: now.offset, missing: now.offset === 0 });
    });
  }, []);

  /** Reads by HTTP what is not here yet. */
  const catchUp = useCallback(async () => {
    if (reading.current) return;
    reading.current = true;
    try {
      const known = text.current;
      if (known) {
        const bytes = await readFrom(cluster, job.id, stream, known.offset);
        if (bytes) known.append(known.offset, bytes);
      } else {
        const { start, bytes } = await readTail(cluster, job.id, stream);
        text.current = new OutputText(start);
        text.current.append(start, bytes);
      }
      setError(null);
      paint();
    } catch (thrown) {
      setError(thrown);
    } finally {
      reading.current = false;
      setLoading(false);
    }
  }, [cluster, job.id, stream, paint]);

  const over = isFinal(job.state);
  useEffect(() => {
    const channel = `output:${cluster}:${job.id}${stream === "stderr" ? ":stderr" : ""}`;
    let leave: (() => void) | null = null;
    let left = false;
    const onMessage = (message: ChannelMessage) => {
      if (message.type !== "output" || typeof message.data !== "string") return;
      text.current ??= new OutputText();
      if (text.current.append(Number(message.offset), bytesOf(message.data))) paint();
      else void catchUp();
    };
    // Also when the job ends: what it wrote last may have come after the last message.
    void catchUp().then(() => {
      if (left || over) return;
      leave = live.subscribe(channel, {
        onMessage,
        resumeWith: () => ({ from: text.current?.offset ?? 0 }),
      });
    });
    return () => {
      left = true;
      leave?.();
      if (painting.current) cancelAnimationFrame(painting.current);
      painting.current = 0;
    };
  }, [cluster, job.id, stream, over, catchUp, paint]);

  return { ...shown, loading, error, refresh: () => void catchUp() };
}

/** Saves the whole file. */
export async function downloadOutput(cluster: string, job: JobDetail, stream: Stream): Promise<void> {
  const response = await request(cluster, job.id, stream, "");
  if (!response.ok) throw await problemOf(response);
  const ending = stream === "stdout" ? "out" : "err";
  saveAs(await response.blob(), `${job.name}-${job.job_id ?? job.id}.${ending}`);
}

async function readTail(
  cluster: string,
  job: string,
  stream: Stream,
): Promise<{ start: number; bytes: Uint8Array }> {
  const response = await request(cluster, job, stream, `&tail=${TAIL_BYTES}`);
  // Not there: the job has not begun to write.
  if (response.status === 404) return { start: 0, bytes: new Uint8Array() };
  if (!response.ok) throw await problemOf(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const size = Number(response.headers.get("X-Output-Size") ?? bytes.length);
  return { start: Math.max(0, size - bytes.length), bytes };
}

/** `null` where there is nothing more yet. */
async function readFrom(
  cluster: string,
  job: string,
  stream: Stream,
  offset: number,
): Promise<Uint8Array | null> {
  const response = await request(cluster, job, stream, "", { Range: `bytes=${offset}-` });
  if (response.status === 416 || response.status === 404) return null;
  if (!response.ok) throw await problemOf(response);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return response.status === 206 ? bytes : bytes.subarray(offset);
}

function request(
  cluster: string,
  job: string,
  stream: Stream,
  more: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const path = `/api/v1/clusters/${encodeURIComponent(cluster)}/jobs/${encodeURIComponent(job)}/output`;
  return authorizedFetch(new Request(`${path}?stream=${stream}${more}`, { headers, cache: "no-store" }));
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
