// Uploads files by tus while the person goes on working: the queue outlives the page that filled it. Knows nothing of
// React; what it shows is an immutable list of items.
import type { DetailedError, HttpRequest, Upload, UploadOptions } from "tus-js-client";
import { Problem } from "../api/problem";
import type { FileKind, UploadInfo } from "../api/types";
import { kindByName } from "./kinds";

/** `interrupted`: cut, and being tried again by itself. */
export type UploadState = "queued" | "uploading" | "interrupted" | "paused" | "finished" | "failed";

export interface UploadItem {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly state: UploadState;
  readonly kind: FileKind;
  /** Bytes that the server has. */
  readonly offset: number;
  /** Where this run began: more than 0 when an earlier one was taken up again. */
  readonly resumedAt: number;
  /** Bytes a second, smoothed; 0 until it is known. */
  readonly speed: number;
  readonly chunkSize: number;
  /** The server's id, once it is created there. */
  readonly uploadId: string | null;
  /** Where the finished file lies. */
  readonly path: string | null;
  readonly problem: Problem | null;
}

export interface UploadQueueOptions {
  endpoint: string;
  token(): Promise<string>;
  onRefused(token: string): void;
  /** Bytes of one request. */
  chunkSize(): Promise<number>;
  /** Who uploads: another person at the same browser must not take up this one's uploads. */
  user(): string;
  createUpload(file: File, options: UploadOptions): Promise<Upload>;
  setKind(uploadId: string, kind: FileKind): Promise<UploadInfo>;
  info(uploadId: string): Promise<UploadInfo>;
  /** Something is finished or gone on the server. */
  onSettled(): void;
}

interface Entry {
  item: UploadItem;
  file: File;
  upload: Upload | null;
  /** The kind that went with the upload's creation. */
  sentKind: FileKind | null;
  kindByUser: boolean;
  sentToken: string | null;
  measuredAt: number;
  measuredBytes: number;
  /** Milliseconds since 1970: the server asked to be left alone until then. */
  notBefore: number;
  /** Counts the starts: what an earlier one still waits with must not be sent. */
  run: number;
}

const AT_ONCE = 3;
const RETRY_DELAYS_MS = [0, 1000, 2000, 4000, 8000, 15_000, 30_000];
/** How much a new measurement of the speed counts against what was known. */
const SPEED_WEIGHT = 0.25;
const MEASURE_EVERY_MS = 400;

export class UploadQueue {
  private readonly options: UploadQueueOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly listeners = new Set<() => void>();
  private list: readonly UploadItem[] = [];
  private count = 0;

  constructor(options: UploadQueueOptions) {
    this.options = options;
  }

  get items(): readonly UploadItem[] {
    return this.list;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Answers the keys under which the files are in the queue. */
  add(files: readonly File[]): string[] {
    const keys = files.map((file) => this.enter(file));
    this.publish();
    this.startNext();
    return keys;
  }

  pause(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || !isGoingOn(entry.item.state)) return;
    void entry.upload?.abort();
    this.update(entry, { state: "paused", speed: 0 });
    this.startNext();
  }

  /** Stops all that goes on or waits, until each is resumed. */
  pauseAll(): void {
    for (const entry of this.entries.values()) {
      if (!isGoingOn(entry.item.state) && entry.item.state !== "queued") continue;
      void entry.upload?.abort();
      this.update(entry, { state: "paused", speed: 0 });
    }
  }

  /** Goes on after a pause, or tries again after a failure, from the byte the server has. */
  resume(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || (entry.item.state !== "paused" && entry.item.state !== "failed")) return;
    this.update(entry, { state: "queued", problem: null });
    this.startNext();
  }

  /** Takes the file out of the queue; what the server has of an unfinished one is thrown away. */
  async remove(key: string): Promise<void> {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.publish();
    this.startNext();
    if (entry.item.state === "finished" || !entry.upload) return;
    const started = entry.upload.url !== null;
    await entry.upload.abort(started).catch(() => undefined);
    if (started) this.options.onSettled();
  }

  clearFinished(): void {
    for (const [key, entry] of this.entries) if (entry.item.state === "finished") this.entries.delete(key);
    this.publish();
  }

  async setKind(key: string, kind: FileKind): Promise<void> {
    const entry = this.entries.get(key);
    if (!entry) return;
    const before = entry.item.kind;
    entry.kindByUser = true;
    this.update(entry, { kind });
    if (!entry.item.uploadId) return;
    try {
      await this.options.setKind(entry.item.uploadId, kind);
      this.options.onSettled();
    } catch (error) {
      this.update(entry, { kind: before });
      throw error;
    }
  }

  /** Tries again what failed for want of a network. */
  networkIsBack(): void {
    for (const { item } of [...this.entries.values()])
      if (item.state === "failed" && item.problem?.status === 0) this.resume(item.key);
  }

  /** Stops everything: nobody is signed in any more. */
  clear(): void {
    for (const entry of this.entries.values()) void entry.upload?.abort();
    this.entries.clear();
    this.publish();
  }

  private enter(file: File): string {
    const key = `file-${++this.count}`;
    this.entries.set(key, {
      item: {
        key,
        name: file.name,
        size: file.size,
        state: "queued",
        kind: kindByName(file.name),
        offset: 0,
        resumedAt: 0,
        speed: 0,
        chunkSize: 0,
        uploadId: null,
        path: null,
        problem: null,
      },
      file,
      upload: null,
      sentKind: null,
      kindByUser: false,
      sentToken: null,
      measuredAt: 0,
      measuredBytes: 0,
      notBefore: 0,
      run: 0,
    });
    return key;
  }

  private startNext(): void {
    let places = AT_ONCE;
    for (const { item } of this.entries.values()) if (isGoingOn(item.state)) places -= 1;
    for (const entry of this.entries.values()) {
      if (places <= 0) return;
      if (entry.item.state !== "queued") continue;
      places -= 1;
      this.update(entry, { state: "uploading", speed: 0 });
      void this.start(entry);
    }
  }

  private async start(entry: Entry): Promise<void> {
    entry.measuredAt = 0;
    try {
      if (!entry.upload) {
        const chunkSize = await this.options.chunkSize();
        this.update(entry, { chunkSize });
        const upload = await this.options.createUpload(entry.file, this.tusOptions(entry, chunkSize));
        const [previous] = await upload.findPreviousUploads();
        if (previous) upload.resumeFromPreviousUpload(previous);
        entry.upload = upload;
      }
      // It may have been paused or removed meanwhile.
      if (!this.isAt(entry, "uploading")) return;
      entry.run += 1;
      entry.upload.start();
    } catch (error) {
      this.fail(entry, error);
    }
  }

  private tusOptions(entry: Entry, chunkSize: number): UploadOptions {
    entry.sentKind = entry.kindByUser ? entry.item.kind : null;
    return {
      endpoint: this.options.endpoint,
      chunkSize,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      metadata: {
        filename: entry.file.name,
        ...(entry.sentKind ? { kind: entry.sentKind } : {}),
      },
      fingerprint: async (file) =>
        ["quarterdeck", this.options.user(), file.name, file.size, (file as File).lastModified].join(":"),
      onBeforeRequest: async (request: HttpRequest) => {
        await this.waitAsTold(entry);
        entry.sentToken = await this.options.token();
        request.setHeader("Authorization", `Bearer ${entry.sentToken}`);
      },
      onShouldRetry: (error, attempt) => this.shouldRetry(entry, error, attempt),
      onUploadUrlAvailable: () => this.created(entry),
      onProgress: (sent) => this.progress(entry, sent),
      onSuccess: () => void this.finish(entry),
      onError: (error) => this.fail(entry, error),
    };
  }

  private shouldRetry(entry: Entry, error: Error | DetailedError, attempt: number): boolean {
    const status = statusOf(error);
    if (status === 401) {
      if (entry.sentToken) this.options.onRefused(entry.sentToken);
      return attempt < 2;
    }
    const again = status === 0 || status >= 500 || status === 409 || status === 423 || status === 429;
    if (status === 429) entry.notBefore = Date.now() + secondsToWait(error) * 1000;
    if (again && this.isAt(entry, "uploading")) this.update(entry, { state: "interrupted", speed: 0 });
    return again && status !== 507;
  }

  /** tus tries again after a delay of its own, which may be shorter than what the server asked for. */
  private async waitAsTold(entry: Entry): Promise<void> {
    const { run } = entry;
    const wait = entry.notBefore - Date.now();
    if (wait <= 0) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    // Paused, cancelled or begun anew meanwhile: nobody waits for this request any more, and it is never sent.
    const isWanted = this.entries.get(entry.item.key) === entry && isGoingOn(entry.item.state);
    if (!isWanted || entry.run !== run) await new Promise(() => undefined);
  }

  private created(entry: Entry): void {
    const uploadId = entry.upload?.url?.split("/").pop() ?? null;
    this.update(entry, { uploadId });
    if (uploadId && entry.kindByUser && entry.sentKind !== entry.item.kind)
      void this.options.setKind(uploadId, entry.item.kind).catch(() => undefined);
  }

  private progress(entry: Entry, sent: number): void {
    if (!isGoingOn(entry.item.state)) return;
    const now = Date.now();
    if (entry.measuredAt === 0) {
      entry.measuredAt = now;
      entry.measuredBytes = sent;
      this.update(entry, { state: "uploading", offset: sent, resumedAt: sent });
      return;
    }
    const elapsed = now - entry.measuredAt;
    if (elapsed < MEASURE_EVERY_MS && sent < entry.item.size) return;
    const measured = elapsed > 0 ? Math.max(0, ((sent - entry.measuredBytes) / elapsed) * 1000) : 0;
    const { speed } = entry.item;
    entry.measuredAt = now;
    entry.measuredBytes = sent;
    this.update(entry, {
      state: "uploading",
      offset: sent,
      speed: speed === 0 ? measured : speed + (measured - speed) * SPEED_WEIGHT,
    });
  }

  private async finish(entry: Entry): Promise<void> {
    const uploadId = entry.item.uploadId ?? entry.upload?.url?.split("/").pop() ?? null;
    this.update(entry, { state: "finished", offset: entry.item.size, speed: 0, uploadId, problem: null });
    this.startNext();
    this.options.onSettled();
    if (!uploadId) return;
    // The server may have classified it otherwise, and given it another name where this one was taken.
    const info = await this.options.info(uploadId).catch(() => null);
    if (info) this.update(entry, { kind: info.kind, path: info.path ?? null });
  }

  private fail(entry: Entry, error: unknown): void {
    if (!isGoingOn(entry.item.state)) return;
    this.update(entry, { state: "failed", speed: 0, problem: problemOfUpload(error) });
    this.startNext();
  }

  private isAt(entry: Entry, state: UploadState): boolean {
    return this.entries.get(entry.item.key) === entry && entry.item.state === state;
  }

  private update(entry: Entry, change: Partial<UploadItem>): void {
    entry.item = { ...entry.item, ...change };
    if (this.entries.get(entry.item.key) === entry) this.publish();
  }

  private publish(): void {
    this.list = [...this.entries.values()].map((entry) => entry.item);
    for (const listener of this.listeners) listener();
  }
}

export interface Progress {
  size: number;
  offset: number;
  /** Bytes a second. */
  speed: number;
  /** Seconds; `null` while nothing is known. */
  left: number | null;
}

/** Of one upload or of all together. */
export function progressOf(items: readonly UploadItem[]): Progress {
  let size = 0;
  let offset = 0;
  let speed = 0;
  for (const item of items) {
    size += item.size;
    offset += item.offset;
    speed += item.speed;
  }
  return { size, offset, speed, left: speed > 0 ? (size - offset) / speed : null };
}

export function isGoingOn(state: UploadState): boolean {
  return state === "uploading" || state === "interrupted";
}

function statusOf(error: Error | DetailedError): number {
  return "originalResponse" in error ? (error.originalResponse?.getStatus() ?? 0) : 0;
}

/** What the answer's `Retry-After` says; 0 without one. */
function secondsToWait(error: Error | DetailedError): number {
  const told = "originalResponse" in error ? error.originalResponse?.getHeader("Retry-After") : undefined;
  return Math.max(0, Number.parseInt(told ?? "", 10) || 0);
}

/** tus wraps the server's answer; inside it is a problem document like any other. */
function problemOfUpload(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const known = error instanceof Error ? error : new Error(String(error));
  const status = statusOf(known);
  const body = "originalResponse" in known ? (known as DetailedError).originalResponse?.getBody() : undefined;
  try {
    const document = JSON.parse(body ?? "") as {
      code?: string;
      detail?: string;
      instance?: string;
      params?: object;
    };
    if (document.code)
      return new Problem({
        status,
        code: document.code,
        detail: document.detail ?? "",
        params: { ...document.params },
        requestId: document.instance ?? null,
      });
  } catch {
    // Not a problem document: say what is known without one.
  }
  return new Problem({ status, code: status === 0 ? "no-answer" : `http-${status}`, detail: known.message });
}
