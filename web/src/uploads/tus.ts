// One file's way to the server by tus 1.0.0 (https://tus.io/protocols/resumable-upload): in one stream, or in parts side
// by side that the server puts together. Goes on where the server stands, whatever cut it, and never from the beginning
// while the server has something of it.
import { asProblem, Problem } from "../api/problem";
import type { SendAnswer, SendRequest } from "./send";

/** What the server has of a file. */
export interface Begun {
  /** The upload of the whole. */
  id: string | null;
  /** The uploads of the parts, in their order; empty where it goes in one stream. */
  parts: (string | null)[];
}

export interface Transfer {
  file: File;
  /** Bytes of one request. */
  chunkSize: number;
  /** Changed as the server learns of the file, so that a later call goes on. */
  begun: Begun;
  /** Of the whole, asked at the moment it is announced. */
  metadata(): Record<string, string>;
  send(request: SendRequest): Promise<SendAnswer>;
  /** What the server has of this file, asked where the answer to an announcement was lost. */
  look(): Promise<Begun & { finished: string | null }>;
  /** So many of the file's bytes are there or on their way. */
  onProgress(bytes: number): void;
  /** Where the server stood when this run began. */
  onResumed(bytes: number): void;
  /** Waits before another try. */
  wait(problem: Problem, failures: number, signal: AbortSignal): Promise<void>;
}

const ENDPOINT = "/api/v1/uploads";
const OCTETS = "application/offset+octet-stream";
/** Tries in a row that bring nothing. */
const MOST_FAILURES = 12;
/** How often it is asked whether parts are put together, where the answer was lost. */
const ASK_EVERY_MS = 2000;

/**
 * Sends all that the server does not have yet; answers the upload's id when the file is in place.
 * @throws Problem where trying again would not help; the signal's reason once it is aborted.
 */
export async function transfer(job: Transfer, signal: AbortSignal): Promise<string> {
  const { begun, file } = job;
  if (begun.parts.length === 0 || begun.id !== null) {
    const whole: Place = {
      get: () => begun.id,
      set: (id) => {
        begun.id = id;
      },
    };
    const headers = () => metadataHeader(job.metadata());
    const stream = new Stream(job, file, whole, headers, job.onProgress);
    await stream.run(signal, (offset) => job.onResumed(offset));
    return begun.id ?? "";
  }
  await sendParts(job, signal);
  return join(job, signal);
}

/** Removes from the server what it has of a file. May be called again after it failed. */
export async function terminate(job: Pick<Transfer, "begun" | "send">, signal: AbortSignal): Promise<void> {
  for (const id of [job.begun.id, ...job.begun.parts]) {
    if (id === null) continue;
    await job
      .send({ method: "DELETE", url: `${ENDPOINT}/${id}`, headers: tus(), signal })
      .catch((error: unknown) => {
        // One that is gone keeps nobody from removing the others: it may have been removed by a call before this.
        if (!isGone(error)) throw error;
      });
  }
}

/** Where each of so many parts of a file begins and ends. */
export function boundaries(size: number, count: number): [number, number][] {
  const length = Math.ceil(size / count);
  return Array.from({ length: count }, (_, index) => [index * length, Math.min(size, (index + 1) * length)]);
}

interface Place {
  get(): string | null;
  set(id: string | null): void;
}

/** Bytes that follow each other. */
class Stream {
  /** As far as the server is known to have it. */
  private offset = 0;
  /** An announcement went out to which no answer came. */
  private isUnsure = false;
  private restarts = 0;

  constructor(
    private readonly job: Transfer,
    private readonly blob: Blob,
    private readonly place: Place,
    private readonly headers: () => Record<string, string>,
    private readonly onProgress: (bytes: number) => void,
  ) {}

  async run(signal: AbortSignal, onResumed: (offset: number) => void): Promise<void> {
    await persist(
      this.job,
      signal,
      () => this.offset,
      () => this.attempt(signal, onResumed),
    );
  }

  private async attempt(signal: AbortSignal, onResumed: (offset: number) => void): Promise<void> {
    const { size } = this.blob;
    if (this.place.get() === null && this.isUnsure && (await this.isThere())) return;
    if (this.place.get() !== null) {
      const known = await this.where(signal);
      if (known !== null) {
        onResumed(known);
        this.reach(known);
      }
    }
    if (this.place.get() === null) await this.announce(signal);
    while (this.offset < size) await this.append(signal);
  }

  /** Whether the lost announcement came to a whole file; one that was begun is gone on with. */
  private async isThere(): Promise<boolean> {
    const found = await this.job.look();
    this.isUnsure = false;
    if (this.job.begun.parts.length > 0) return false;
    this.place.set(found.id ?? found.finished);
    if (found.id !== null || found.finished === null) return false;
    this.reach(this.blob.size);
    return true;
  }

  /** `null`: the server has forgotten it. */
  private async where(signal: AbortSignal): Promise<number | null> {
    for (;;) {
      try {
        const answer = await this.job.send({
          method: "HEAD",
          url: `${ENDPOINT}/${this.place.get()}`,
          headers: tus(),
          signal,
        });
        const offset = offsetIn(answer);
        // Its parts are being put together: nothing can be sent to it.
        const isJoined = answer.header("Upload-Concat")?.startsWith("final") ?? false;
        if (!isJoined || offset >= this.blob.size) return offset;
        await pause(ASK_EVERY_MS, signal);
      } catch (error) {
        this.forgetIfGone(error);
        return null;
      }
    }
  }

  private async announce(signal: AbortSignal): Promise<void> {
    const { size } = this.blob;
    const body = this.blob.slice(0, this.job.chunkSize);
    this.isUnsure = true;
    const answer = await this.job
      .send({
        method: "POST",
        url: ENDPOINT,
        headers: {
          ...tus(),
          ...this.headers(),
          "Upload-Length": String(size),
          ...(size > 0 ? { "Content-Type": OCTETS } : {}),
        },
        ...(size > 0 ? { body, onProgress: (bytes: number) => this.onProgress(Math.min(bytes, size)) } : {}),
        signal,
      })
      .catch((error: unknown) => {
        // What was refused is not there.
        if (error instanceof Problem && error.status >= 400 && error.status < 500) this.isUnsure = false;
        throw error;
      });
    this.isUnsure = false;
    this.place.set(idIn(answer));
    this.reach(size > 0 ? offsetIn(answer) : 0);
  }

  private async append(signal: AbortSignal): Promise<void> {
    const from = this.offset;
    try {
      const answer = await this.job.send({
        method: "PATCH",
        url: `${ENDPOINT}/${this.place.get()}`,
        headers: { ...tus(), "Content-Type": OCTETS, "Upload-Offset": String(from) },
        body: this.blob.slice(from, from + this.job.chunkSize),
        onProgress: (bytes) => this.onProgress(Math.min(from + bytes, this.blob.size)),
        signal,
      });
      const reached = offsetIn(answer);
      if (reached <= from) throw new Problem({ status: 0, code: "no-answer", detail: "" });
      this.reach(reached);
    } catch (error) {
      this.forgetIfGone(error);
      await this.announce(signal);
    }
  }

  /** Begins anew what the server has no longer. @throws the error where it is another. */
  private forgetIfGone(error: unknown): void {
    if (!isGone(error) || this.restarts === 2) throw error;
    this.restarts += 1;
    this.place.set(null);
    this.reach(0);
  }

  private reach(offset: number): void {
    this.offset = offset;
    this.onProgress(offset);
  }
}

async function sendParts(job: Transfer, signal: AbortSignal): Promise<void> {
  const { begun, file } = job;
  const count = begun.parts.length;
  const bounds = boundaries(file.size, count);
  const reached = bounds.map(() => 0);
  const resumed = bounds.map(() => 0);
  // Where one fails for good the others stop.
  const together = new AbortController();
  const leave = () => together.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    await Promise.all(
      bounds.map(async ([from, to], index) => {
        const place: Place = {
          get: () => begun.parts[index] ?? null,
          set: (id) => {
            begun.parts[index] = id;
          },
        };
        const headers = () => ({
          "Upload-Concat": "partial",
          ...metadataHeader({ ...job.metadata(), part: `${index + 1}/${count}/${file.size}` }),
        });
        const stream = new Stream(partOf(job, index), file.slice(from, to), place, headers, (bytes) => {
          reached[index] = bytes;
          job.onProgress(sum(reached));
        });
        await stream.run(together.signal, (offset) => {
          resumed[index] = offset;
          job.onResumed(sum(resumed));
        });
      }),
    );
  } catch (error) {
    together.abort(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** The job as one part's stream sees it: of a lost announcement it looks for its own part. */
function partOf(job: Transfer, index: number): Transfer {
  const begun: Begun = { id: null, parts: [] };
  return {
    ...job,
    begun,
    look: async () => ({ id: (await job.look()).parts[index] ?? null, parts: [], finished: null }),
  };
}

/** Has the server put the parts together. */
async function join(job: Transfer, signal: AbortSignal): Promise<string> {
  let isUnsure = false;
  await persist(
    job,
    signal,
    () => 0,
    async () => {
      if (isUnsure) {
        const found = await job.look();
        job.begun.id = found.id ?? found.finished;
        if (found.id !== null) await joined(job, found.id, signal);
        if (job.begun.id !== null) return;
      }
      isUnsure = true;
      const urls = job.begun.parts.map((id) => `${ENDPOINT}/${id}`);
      const answer = await job.send({
        method: "POST",
        url: ENDPOINT,
        headers: { ...tus(), ...metadataHeader(job.metadata()), "Upload-Concat": `final;${urls.join(" ")}` },
        signal,
      });
      job.begun.id = idIn(answer);
    },
  );
  return job.begun.id ?? "";
}

/** Waits until the server has put the parts together; asking also makes it go on where it was stopped. */
async function joined(job: Transfer, id: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await job.send({ method: "HEAD", url: `${ENDPOINT}/${id}`, headers: tus(), signal });
    if (offsetIn(answer) >= job.file.size) return;
    await pause(ASK_EVERY_MS, signal);
  }
}

/** Tries again what a later try may bring, for as long as it brings something. */
async function persist(
  job: Transfer,
  signal: AbortSignal,
  reached: () => number,
  attempt: () => Promise<void>,
): Promise<void> {
  let failures = 0;
  let before = reached();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const problem = asProblem(error);
      if (!isPassing(problem)) throw problem;
      if (problem.status === 0) await checkReadable(job.file);
      if (reached() > before) failures = 0;
      before = reached();
      if (failures === MOST_FAILURES) throw problem;
      await job.wait(problem, failures, signal);
      // Who is told to wait has not failed.
      if (problem.status !== 429) failures += 1;
    }
  }
}

/** Whether the same request may succeed later. */
export function isPassing({ status, code }: Problem): boolean {
  if (code === "page-error") return false;
  return status === 0 || [408, 409, 423, 425, 429, 460, 500, 502, 503, 504].includes(status);
}

function isGone(error: unknown): boolean {
  return error instanceof Problem && (error.status === 404 || error.status === 410);
}

/** A file that was changed or removed meanwhile fails like a lost connection. */
async function checkReadable(file: File): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw unreadable();
  }
}

export function unreadable(): Problem {
  return new Problem({ status: 0, code: "file-unreadable", detail: "" });
}

function tus(): Record<string, string> {
  return { "Tus-Resumable": "1.0.0" };
}

function metadataHeader(metadata: Record<string, string>): Record<string, string> {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${base64(value)}`);
  return pairs.length > 0 ? { "Upload-Metadata": pairs.join(",") } : {};
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

function offsetIn(answer: SendAnswer): number {
  const offset = Number.parseInt(answer.header("Upload-Offset") ?? "", 10);
  if (Number.isNaN(offset)) throw new Problem({ status: 0, code: "no-answer", detail: "" });
  return offset;
}

function idIn(answer: SendAnswer): string {
  const id = answer.header("Location")?.split("/").pop();
  if (!id) throw new Problem({ status: 0, code: "no-answer", detail: "" });
  return id;
}

/** @throws the signal's reason once it is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, milliseconds);
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
