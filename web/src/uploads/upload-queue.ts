// Uploads files while the person goes on working: the queue outlives the page that filled it, holds thousands of files,
// and goes on by itself after what passes. Knows nothing of React; what it shows is an immutable list of items, told at
// most a few times a second.
import { asProblem, type Problem } from "../api/problem";
import type { FileKind, UploadInfo } from "../api/types";
import { begunBefore, isAt } from "./begun-before";
import { Discards } from "./discards";
import { type Entry, newEntry } from "./entry";
import { fingerprintOf } from "./fingerprint";
import { PaceMeter, smoothed } from "./pace";
import type { SendAnswer, SendRequest } from "./send";
import { type Begun, isPassing, transfer, unreadable } from "./tus";
import { type Chosen, isUnderWay, type Pace, STREAMS, type Target, type UploadItem } from "./upload-item";
import { Waits } from "./waits";

/** What the site says of uploads. */
export interface Site {
  /** Bytes of one request. */
  chunkSize: number;
  /** Where files go for which nobody says where. */
  target: Target;
}

export interface UploadQueueOptions {
  send(request: SendRequest): Promise<SendAnswer>;
  /** What the server has of files with these fingerprints, the newest first. */
  find(fingerprints: string[]): Promise<UploadInfo[]>;
  site(): Promise<Site>;
  setKind(uploadId: string, kind: FileKind): Promise<UploadInfo>;
  /** Something is finished or gone on the server. */
  onSettled(): void;
  isOffline(): boolean;
}

/** Files asked for in one question. */
const LOOK_AT_ONCE = 200;
const TELL_EVERY_MS = 200;
const MEASURE_EVERY_MS = 400;
const SETTLE_MS = 700;

export class UploadQueue {
  private readonly entries = new Map<string, Entry>();
  /** By what was chosen, so that the same file chosen again is the same entry. */
  private readonly byChoice = new Map<string, Entry>();
  private readonly waiting = new Set<Entry>();
  private readonly active = new Map<Entry, number>();
  private readonly listeners = new Set<() => void>();
  private list: readonly UploadItem[] = [];
  private isListStale = false;
  private telling: ReturnType<typeof setTimeout> | null = null;
  private toldAt = 0;
  private measuring: ReturnType<typeof setInterval> | null = null;
  private readonly meter = new PaceMeter();
  private isLooking = false;
  private isHeld = false;
  private readonly settling: Entry[] = [];
  private settleTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly waits: Waits;
  private readonly discards: Discards;
  private count = 0;

  constructor(private readonly options: UploadQueueOptions) {
    this.waits = new Waits(() => options.isOffline());
    this.discards = new Discards(options.send, this.waits);
  }

  get items(): readonly UploadItem[] {
    if (this.isListStale) {
      this.list = Array.from(this.entries.values(), (entry) => entry.item);
      this.isListStale = false;
    }
    return this.list;
  }

  get pace(): Pace {
    return this.meter.pace;
  }

  /** Whether leaving the page would cut something. */
  get isBusy(): boolean {
    return this.active.size > 0 || this.waiting.size > 0 || this.discards.isBusy;
  }

  /** Whether it waits for somebody to sign in. */
  get held(): boolean {
    return this.isHeld;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /**
   * Answers the keys under which the files are in the queue. One that is in it already, and not yet sent, goes on.
   * @param target where they go; `null` is where the site puts uploads.
   */
  add(files: readonly (File | Chosen)[], target: Target | null = null): string[] {
    const keys = files.map((chosen) => {
      const { file, path } = chosen instanceof File ? { file: chosen, path: pathOf(chosen) } : chosen;
      return this.enter(file, path.normalize("NFC"), target);
    });
    this.changed();
    this.startNext();
    return keys;
  }

  pause(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || !isUnderWay(entry.item.state)) return;
    this.stop(entry, { state: "paused", speed: 0, problem: null });
    this.startNext();
  }

  /** Goes on after a pause, or tries again after a failure, from the byte the server has. */
  resume(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || (entry.item.state !== "paused" && entry.item.state !== "failed")) return;
    this.enqueue(entry);
    this.startNext();
  }

  /** Sends a file that was left out because it is there. */
  sendAgain(key: string): void {
    const entry = this.entries.get(key);
    if (!entry?.item.wasThere) return;
    entry.isAgain = true;
    this.update(entry, { wasThere: false, uploadId: null, path: null, offset: 0 });
    this.enqueue(entry);
    this.startNext();
  }

  /** Stops all that goes on or waits, until each is resumed. */
  pauseAll(keys?: readonly string[]): void {
    for (const entry of this.chosen(keys))
      if (isUnderWay(entry.item.state)) this.stop(entry, { state: "paused", speed: 0, problem: null });
    this.startNext();
  }

  /** Has all go on that are paused. */
  resumeAll(keys?: readonly string[]): void {
    for (const entry of this.chosen(keys)) if (entry.item.state === "paused") this.enqueue(entry);
    this.startNext();
  }

  /** Tries all again that failed. */
  retryAll(keys?: readonly string[]): void {
    for (const entry of this.chosen(keys)) if (entry.item.state === "failed") this.enqueue(entry);
    this.startNext();
  }

  /** Where files go for which nobody says where. */
  async usualTarget(): Promise<Target> {
    return (await this.options.site()).target;
  }

  /** Takes the file out of the queue; what the server has of an unfinished one is thrown away. */
  async remove(key: string): Promise<void> {
    await this.removeAll([key]);
  }

  /** Takes these out of the queue, or all that are not finished. */
  async removeAll(keys?: readonly string[]): Promise<void> {
    const some = keys ? this.chosen(keys) : this.chosen().filter(({ item }) => item.state !== "finished");
    const begun = some.filter(({ item }) => item.state !== "finished");
    for (const entry of some) this.drop(entry);
    this.changed();
    this.startNext();
    await this.discards.add(begun.map((entry) => (isAgain) => this.leftOf(entry, isAgain)));
    if (begun.length > 0) this.options.onSettled();
  }

  clearFinished(): void {
    for (const entry of [...this.entries.values()]) if (entry.item.state === "finished") this.drop(entry);
    this.changed();
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

  /** Tries again at once what waits, and what failed for want of a network. */
  networkIsBack(): void {
    this.waits.wake();
    for (const { item } of [...this.entries.values()])
      if (item.state === "failed" && item.problem?.code === "no-answer") this.resume(item.key);
  }

  /** Nobody is signed in for the moment: all stops, and goes on at `release`. */
  hold(): void {
    this.isHeld = true;
    for (const entry of [...this.active.keys()]) {
      this.stop(entry, { state: "queued", speed: 0, problem: null });
      this.waiting.add(entry);
    }
    this.changed();
  }

  release(): void {
    this.isHeld = false;
    this.changed();
    this.startNext();
  }

  /** Stops everything and forgets it: nobody is signed in any more. */
  clear(): void {
    this.isHeld = false;
    for (const entry of [...this.entries.values()]) this.drop(entry);
    this.changed();
  }

  private chosen(keys?: readonly string[]): Entry[] {
    if (!keys) return [...this.entries.values()];
    return keys.flatMap((key) => this.entries.get(key) ?? []);
  }

  private enter(file: File, path: string, target: Target | null): string {
    const choice = JSON.stringify([path, file.size, file.lastModified, target]);
    const known = this.byChoice.get(choice);
    if (known && known.item.state !== "finished") {
      known.file = file;
      if (known.item.state === "failed" || known.item.state === "paused") this.enqueue(known);
      return known.item.key;
    }
    const key = `file-${++this.count}`;
    const entry = newEntry(key, choice, file, path, target);
    this.entries.set(key, entry);
    this.byChoice.set(choice, entry);
    this.waiting.add(entry);
    return key;
  }

  private enqueue(entry: Entry): void {
    this.update(entry, { state: "queued", problem: null });
    this.waiting.add(entry);
  }

  private startNext(): void {
    if (this.isHeld) return;
    let free = STREAMS;
    let hasParts = false;
    for (const streams of this.active.values()) {
      free -= streams;
      hasParts ||= streams > 1;
    }
    for (const entry of this.waiting) {
      if (free <= 0) return;
      if (entry.begun === null) {
        void this.lookAtNext();
        return;
      }
      const streams = Math.max(1, entry.begun.id === null ? entry.begun.parts.length : 1);
      if (streams > free) {
        // Behind one in parts others may pass. Else the big one would wait for all the small.
        if (hasParts) continue;
        return;
      }
      free -= streams;
      hasParts ||= streams > 1;
      this.waiting.delete(entry);
      this.active.set(entry, streams);
      void this.run(entry, entry.begun);
    }
  }

  /** Asks what the server has of those that come next, many at once. */
  private async lookAtNext(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const next: Entry[] = [];
      for (const entry of this.waiting) {
        if (next.length === LOOK_AT_ONCE) break;
        if (entry.begun === null) next.push(entry);
      }
      for (const entry of next) {
        const known =
          entry.item.fingerprint ?? (await fingerprintOf(entry.file, entry.path).catch(() => null));
        if (known !== null) this.update(entry, { fingerprint: known });
        else if (this.waiting.delete(entry)) this.update(entry, { state: "failed", problem: unreadable() });
      }
      const readable = next.filter(({ item }) => item.fingerprint !== null);
      if (readable.length > 0) {
        const [found, site] = await this.findPatiently(readable);
        this.take(readable, found, site);
      }
    } finally {
      this.isLooking = false;
    }
    this.startNext();
  }

  private async findPatiently(entries: readonly Entry[]): Promise<[UploadInfo[], Site]> {
    const fingerprints = entries.flatMap(({ item }) => item.fingerprint ?? []);
    const never = new AbortController().signal;
    for (let failures = 0; ; failures += 1) {
      try {
        const site = await this.options.site();
        try {
          return [await this.options.find(fingerprints), site];
        } catch (error) {
          if (isPassing(asProblem(error))) throw error;
          // They are begun anew then, and the server says what is wrong.
          return [[], site];
        }
      } catch (error) {
        const problem = asProblem(error);
        await this.waits.sleep(problem, failures, never);
      }
    }
  }

  private take(entries: readonly Entry[], found: readonly UploadInfo[], site: Site): void {
    const uploads = new Map<string, UploadInfo[]>();
    for (const upload of found) {
      const same = uploads.get(upload.fingerprint ?? "") ?? [];
      uploads.set(upload.fingerprint ?? "", [...same, upload]);
    }
    for (const entry of entries) {
      const known = uploads.get(entry.item.fingerprint ?? "") ?? [];
      const there = known.find(
        (upload) => upload.state === "finished" && isAt(upload, entry.item, entry.item.target ?? site.target),
      );
      entry.begun = this.begunOf(entry, known);
      const isNew = entry.begun.id === null && entry.begun.parts.every((part) => part === null);
      if (isNew && there && entry.item.folder && !entry.isAgain && this.waiting.delete(entry)) {
        entry.begun = null;
        this.update(entry, {
          state: "finished",
          wasThere: true,
          offset: entry.item.size,
          uploadId: there.id,
          kind: there.kind,
          path: there.path ?? null,
        });
      }
    }
  }

  private begunOf(entry: Entry, known: readonly UploadInfo[]): Begun {
    const { begun, begunIn } = begunBefore(entry.item, known, (id) => !this.isSending(id, entry));
    entry.begunIn = begunIn;
    return begun;
  }

  /** Another file of the queue, with another place to go, may be the same file. */
  private isSending(id: string, but: Entry): boolean {
    for (const entry of this.active.keys())
      if (entry !== but && (entry.begun?.id === id || entry.begun?.parts.includes(id))) return true;
    return false;
  }

  private async run(entry: Entry, begun: Begun): Promise<void> {
    const abort = new AbortController();
    entry.abort = abort;
    entry.measuredAt = 0;
    const parts = Math.max(1, begun.id === null ? begun.parts.length : 1);
    this.update(entry, { state: "uploading", speed: 0, problem: null, parts, uploadId: begun.id });
    this.measure();
    const isCurrent = () => entry.abort === abort && !abort.signal.aborted;
    const startedAt = Date.now();
    try {
      const { chunkSize } = await this.options.site();
      if (!isCurrent()) return;
      this.update(entry, { chunkSize });
      const id = await transfer(
        {
          file: entry.file,
          chunkSize,
          begun,
          metadata: () => this.metadataOf(entry),
          send: async (request) => {
            if (request.method === "POST") await this.waits.leaveAlone(request.signal);
            const answer = await this.options.send(request);
            if (isCurrent() && request.method !== "HEAD") this.goesOn(entry, begun);
            return answer;
          },
          look: () => this.lookAgain(entry, startedAt),
          onProgress: (bytes) => {
            if (!isCurrent()) return;
            this.meter.sent(bytes - entry.reached);
            entry.reached = bytes;
          },
          onResumed: (bytes) => {
            if (!isCurrent()) return;
            // These were sent before.
            entry.reached = Math.max(entry.reached, bytes);
            this.update(entry, { resumedAt: bytes, offset: bytes });
          },
          wait: async (problem, failures, signal) => {
            if (isCurrent()) this.update(entry, { state: "interrupted", speed: 0, problem });
            await this.waits.sleep(problem, failures, signal);
            if (isCurrent()) this.update(entry, { state: "uploading" });
          },
        },
        abort.signal,
      );
      if (isCurrent()) this.finish(entry, id);
    } catch (error) {
      if (isCurrent()) this.fail(entry, asProblem(error));
    }
  }

  private metadataOf(entry: Entry): Record<string, string> {
    entry.sentKind = entry.kindByUser ? entry.item.kind : null;
    const { begunIn } = entry;
    const { target, fingerprint } = entry.item;
    return {
      filename: entry.item.name,
      ...(entry.sentKind ? { kind: entry.sentKind } : {}),
      ...(begunIn ?? { ...target, ...(entry.item.folder ? { relativePath: entry.path } : {}) }),
      ...(fingerprint ? { fingerprint } : {}),
    };
  }

  /** The server answered: it is sent again, and may have got its id. */
  private goesOn(entry: Entry, begun: Begun): void {
    if (entry.item.state === "interrupted") this.update(entry, { state: "uploading", problem: null });
    if (entry.item.problem) this.update(entry, { problem: null });
    if (begun.id === null || entry.item.uploadId === begun.id) return;
    this.update(entry, { uploadId: begun.id });
    this.tellKind(entry, begun.id);
  }

  /** Changed while the announcement was under way. */
  private tellKind(entry: Entry, id: string): void {
    if (entry.kindByUser && entry.sentKind !== entry.item.kind)
      void this.options.setKind(id, entry.item.kind).catch(() => undefined);
  }

  private async lookAgain(entry: Entry, startedAt: number): Promise<Begun & { finished: string | null }> {
    const found = await this.options.find(entry.item.fingerprint === null ? [] : [entry.item.fingerprint]);
    // Times of two clocks: a little may lie between them.
    const finished = found.find(
      ({ state, created_at }) => state === "finished" && Date.parse(created_at) > startedAt - 60_000,
    );
    return { ...this.begunOf(entry, found), finished: finished?.id ?? null };
  }

  private finish(entry: Entry, id: string): void {
    const before = entry.item.uploadId;
    this.end(entry);
    this.meter.finished();
    this.update(entry, {
      state: "finished",
      offset: entry.item.size,
      speed: 0,
      uploadId: id,
      problem: null,
    });
    if (before !== id) this.tellKind(entry, id);
    this.settling.push(entry);
    this.settleTimer ??= setTimeout(() => void this.settle(), SETTLE_MS);
    this.startNext();
  }

  /** The server may have classified it otherwise, and given it another name where this one was taken. */
  private async settle(): Promise<void> {
    this.settleTimer = null;
    const entries = this.settling.splice(0);
    this.options.onSettled();
    for (let from = 0; from < entries.length; from += LOOK_AT_ONCE) {
      const some = entries.slice(from, from + LOOK_AT_ONCE);
      const fingerprints = some.flatMap(({ item }) => item.fingerprint ?? []);
      const found = await this.options.find(fingerprints).catch(() => []);
      const byId = new Map(found.map((upload) => [upload.id, upload]));
      for (const entry of some) {
        const upload = byId.get(entry.item.uploadId ?? "");
        if (upload) this.update(entry, { kind: upload.kind, path: upload.path ?? null });
      }
    }
  }

  private fail(entry: Entry, problem: Problem): void {
    this.end(entry);
    this.update(entry, { state: "failed", speed: 0, problem });
    this.startNext();
  }

  private end(entry: Entry): void {
    entry.abort = null;
    this.active.delete(entry);
    this.waiting.delete(entry);
  }

  private stop(entry: Entry, change: Partial<UploadItem>): void {
    const { abort } = entry;
    this.end(entry);
    abort?.abort(new DOMException("stopped", "AbortError"));
    this.update(entry, change);
    // An announcement may have been under way: what came of it is asked before the next.
    if (abort && entry.begun?.id === null) entry.begun = null;
  }

  private drop(entry: Entry): void {
    this.stop(entry, {});
    this.entries.delete(entry.item.key);
    if (this.byChoice.get(entry.choice) === entry) this.byChoice.delete(entry.choice);
  }

  /** What the server has of an unfinished one; null: nothing. */
  private async leftOf(entry: Entry, isAgain: boolean): Promise<Begun | null> {
    const { fingerprint, offset } = entry.item;
    const wasBegun = offset > 0 || entry.reached > 0 || entry.begun !== null;
    if (fingerprint === null || !wasBegun) return null;
    if (entry.begun && !isAgain) return entry.begun;
    const begun = this.begunOf(entry, await this.options.find([fingerprint]));
    return begun.id === null && begun.parts.every((part) => part === null) ? null : begun;
  }

  /** Looks at how far each has come, for as long as something is sent. */
  private measure(): void {
    if (this.measuring !== null) return;
    this.meter.start(Date.now());
    this.measuring = setInterval(() => {
      const now = Date.now();
      if (this.active.size === 0 && this.waiting.size === 0) {
        clearInterval(this.measuring ?? undefined);
        this.measuring = null;
        this.meter.stop();
        this.changed();
        return;
      }
      this.meter.measure(now);
      for (const entry of this.active.keys()) this.measureOne(entry, now);
    }, MEASURE_EVERY_MS);
  }

  private measureOne(entry: Entry, now: number): void {
    const { measuredAt, measuredBytes, reached, item } = entry;
    entry.measuredAt = now;
    entry.measuredBytes = reached;
    if (measuredAt === 0 || item.state !== "uploading") {
      if (item.offset !== reached) this.update(entry, { offset: reached });
      return;
    }
    const measured = Math.max(0, ((reached - measuredBytes) / (now - measuredAt)) * 1000);
    this.update(entry, { offset: reached, speed: smoothed(item.speed, measured) });
  }

  private update(entry: Entry, change: Partial<UploadItem>): void {
    entry.item = { ...entry.item, ...change };
    if (this.entries.get(entry.item.key) === entry) this.changed();
  }

  private changed(): void {
    this.isListStale = true;
    if (this.telling !== null) return;
    const wait = Math.max(0, this.toldAt + TELL_EVERY_MS - Date.now());
    this.telling = setTimeout(() => {
      this.telling = null;
      this.toldAt = Date.now();
      for (const listener of this.listeners) listener();
    }, wait);
  }
}

function pathOf(file: File): string {
  return file.webkitRelativePath || file.name;
}
