import * as buffer from "node:buffer";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../api/problem";
import type { FileKind, UploadInfo } from "../api/types";
import { PARTS, PARTS_FROM_BYTES } from "./begun-before";
import type { SendAnswer, SendRequest } from "./send";
import { progressOf, type UploadItem } from "./upload-item";
import { UploadQueue } from "./upload-queue";

// jsdom's cannot be read.
vi.stubGlobal("Blob", buffer.Blob);
vi.stubGlobal("File", buffer.File);

interface Kept {
  id: string;
  bytes: number;
  size: number;
  isPart: boolean;
  metadata: Record<string, string>;
}

/** Keeps what it is sent as the server does, and answers when the test lets it. */
class Server {
  kept = new Map<string, Kept>();
  requests: SendRequest[] = [];
  /** What the next requests come to instead, in their order. */
  refusals: (Problem | null)[] = [];
  /** Requests behind so many wait here until the test answers them. */
  gate: Promise<void> = Promise.resolve();
  answersAtOnce = 0;
  removed: string[] = [];
  onRemoved: () => void = () => undefined;
  mostAtOnce = 0;
  private atOnce = 0;

  send = async (request: SendRequest): Promise<SendAnswer> => {
    this.requests.push(request);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      request.onProgress?.(Math.floor((request.body?.size ?? 0) / 2));
      if (this.answersAtOnce > 0) this.answersAtOnce -= 1;
      else
        await Promise.race([
          this.gate,
          new Promise((_, reject) =>
            request.signal.addEventListener("abort", () => reject(request.signal.reason)),
          ),
        ]);
      const refusal = this.refusals.shift();
      if (refusal) throw refusal;
      return this.answer(request);
    } finally {
      this.atOnce -= 1;
    }
  };

  find = async (fingerprints: string[]): Promise<UploadInfo[]> =>
    [...this.kept.values()]
      .toReversed()
      .filter(({ metadata }) => fingerprints.includes(metadata.fingerprint ?? ""))
      .map((kept) => infoOf(kept));

  private answer({ method, url, headers, body }: SendRequest): SendAnswer {
    const id = url.split("/").pop() ?? "";
    const kept = this.kept.get(id);
    if (method === "POST") {
      const parts = headers["Upload-Concat"]?.startsWith("final;")
        ? headers["Upload-Concat"]
            .slice(6)
            .split(" ")
            .map((part) => this.kept.get(part.split("/").pop() ?? "") as Kept)
        : null;
      const size = parts
        ? parts.reduce((all, part) => all + part.bytes, 0)
        : Number(headers["Upload-Length"]);
      const made: Kept = {
        id: `id-${this.kept.size + 1}`,
        bytes: parts ? size : (body?.size ?? 0),
        size,
        isPart: headers["Upload-Concat"] === "partial",
        metadata: metadataOf(headers["Upload-Metadata"] ?? ""),
      };
      for (const part of parts ?? []) this.kept.delete(part.id);
      this.kept.set(made.id, made);
      return answer(201, { Location: `/api/v1/uploads/${made.id}`, "Upload-Offset": String(made.bytes) });
    }
    if (!kept) throw new Problem({ status: 404, code: "no-such-upload", detail: "" });
    if (method === "DELETE") {
      this.kept.delete(id);
      this.removed.push(id);
      this.onRemoved();
      return answer(204, {});
    }
    if (method === "PATCH") {
      if (Number(headers["Upload-Offset"]) !== kept.bytes)
        throw new Problem({ status: 409, code: "wrong-offset", detail: "" });
      kept.bytes += body?.size ?? 0;
    }
    return answer(204, { "Upload-Offset": String(kept.bytes) });
  }
}

function infoOf({ id, bytes, size, isPart, metadata }: Kept): UploadInfo {
  const [number, count, whole] = (metadata.part ?? "").split("/").map(Number);
  return {
    id,
    filename: metadata.filename,
    kind: "mesh",
    state: bytes === size && !isPart ? "finished" : "uploading",
    size,
    offset: bytes,
    space: metadata.space ?? "home",
    directory: [
      metadata.directory ?? "quarterdeck/uploads",
      metadata.relativePath?.slice(0, metadata.relativePath.lastIndexOf("/")),
    ]
      .filter(Boolean)
      .join("/"),
    path: `quarterdeck/uploads/${metadata.filename}-1`,
    created_at: new Date().toISOString(),
    fingerprint: metadata.fingerprint,
    part: isPart ? { number, count, whole_size: whole } : null,
  } as UploadInfo;
}

function metadataOf(header: string): Record<string, string> {
  const text = (value: string) =>
    new TextDecoder().decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0)));
  return Object.fromEntries(
    header.split(",").map((pair) => [pair.split(" ")[0], text(pair.split(" ")[1] ?? "")]),
  );
}

function answer(status: number, headers: Record<string, string>): SendAnswer {
  return { status, header: (name) => headers[name] ?? null };
}

const CHUNK = 8;
const USUAL = { space: "home", directory: "quarterdeck/uploads" };
let server: Server;
let kinds: [string, FileKind][];
let isOffline: boolean;
let queue: UploadQueue;

beforeEach(() => {
  server = new Server();
  kinds = [];
  isOffline = false;
  queue = anotherQueue();
});

afterEach(() => {
  queue.clear();
  vi.useRealTimers();
});

/** A page loaded anew, before the same server. */
function anotherQueue(): UploadQueue {
  return new UploadQueue({
    send: (request) => server.send(request),
    find: (fingerprints) => server.find(fingerprints),
    site: async () => ({ chunkSize: CHUNK, target: USUAL }),
    setKind: async (id, kind) => {
      kinds.push([id, kind]);
      return { kind } as UploadInfo;
    },
    onSettled: () => undefined,
    isOffline: () => isOffline,
  });
}

const named = (name: string, size = 20) => new File([new Uint8Array(size)], name, { lastModified: 1 });
const within = (path: string, size = 5) => ({ file: named(path.split("/").pop() ?? "", size), path });
const item = (index = 0) => queue.items[index] as UploadItem;
const states = () => queue.items.map(({ state }) => state);
const until = (met: () => boolean) => vi.waitUntil(met, { timeout: 3000, interval: 2 });
const methods = () => server.requests.map(({ method }) => method);
const offsetsSent = () =>
  server.requests.flatMap(({ method, headers }) =>
    method === "PATCH" ? [Number(headers["Upload-Offset"])] : [],
  );

/** What is sent, but for the first so many requests, stays unanswered until the answer is called. */
function holdAnswers(after = 0): () => void {
  server.answersAtOnce = after;
  let open: () => void = () => undefined;
  server.gate = new Promise((resolve) => {
    open = resolve;
  });
  return () => open();
}

describe("the upload queue", () => {
  it("sends a small file in one request, and a bigger one in pieces", async () => {
    queue.add([named("small", 5), named("big", 20), named("empty", 0)]);
    await until(() => states().every((state) => state === "finished"));
    const sizes = [...server.kept.values()].map(({ bytes }) => bytes);
    expect(sizes.sort()).toEqual([0, 20, 5].sort());
    expect(methods().filter((method) => method === "POST")).toHaveLength(3);
    expect(offsetsSent()).toEqual([8, 16]);
  });

  it("sends four files at once and the next when one is done", async () => {
    const open = holdAnswers();
    queue.add(["a", "b", "c", "d", "e"].map((name) => named(name, 5)));
    await until(() => server.requests.length === 4);
    expect(states()).toEqual(["uploading", "uploading", "uploading", "uploading", "queued"]);
    open();
    await until(() => states().every((state) => state === "finished"));
    expect(server.mostAtOnce).toBe(4);
  });

  it("holds ten thousand files, and tells of them a few times a second", async () => {
    let told = 0;
    queue.subscribe(() => {
      told += 1;
    });
    const began = Date.now();
    queue.add(Array.from({ length: 10_000 }, (_, index) => within(`run/${index}/mesh.dat`)));
    await vi.waitUntil(() => states().every((state) => state === "finished"), {
      timeout: 30_000,
      interval: 50,
    });
    expect(server.kept.size).toBe(10_000);
    expect(told).toBeLessThan((Date.now() - began) / 180 + 5);
  }, 40_000);

  it("keeps files of one name in different folders apart, and composes their names", async () => {
    queue.add([within("결과/\u1112\u1161\u11ab/a.dat"), within("결과/other/a.dat")]);
    await until(() => states().every((state) => state === "finished"));
    const paths = [...server.kept.values()].map(({ metadata }) => metadata.relativePath);
    expect(paths.sort()).toEqual(["결과/other/a.dat", "결과/한/a.dat"].sort());
    expect(queue.items.map(({ folder }) => folder)).toEqual(["결과/한", "결과/other"]);
  });

  it("says where files go when they are to go elsewhere than usual", async () => {
    queue.add([named("a", 5)], { space: "scratch", directory: "runs/1" });
    await until(() => item().state === "finished");
    expect(server.kept.get("id-1")?.metadata).toMatchObject({ space: "scratch", directory: "runs/1" });
  });

  it("shows the kind and the place that the server gave the finished file", async () => {
    queue.add([named("a.dat", 5)]);
    await until(() => item().path !== null);
    expect(item()).toMatchObject({ state: "finished", kind: "mesh", path: "quarterdeck/uploads/a.dat-1" });
  });

  it("tells the server of a kind that was changed", async () => {
    const open = holdAnswers();
    const [key = ""] = queue.add([named("mesh.msh", 5)]);
    expect(item().kind).toBe("mesh");
    await until(() => server.requests.length === 1);
    await queue.setKind(key, "data");
    expect(kinds).toEqual([]);
    open();
    await until(() => kinds.length === 1);
    expect(kinds).toEqual([["id-1", "data"]]);
  });
});

describe("a cut upload", () => {
  const cut = () => new Problem({ status: 0, code: "no-answer", detail: "" });

  it("goes on by itself from where the server stands", async () => {
    server.refusals = [null, cut()];
    queue.add([named("a", 20)]);
    await until(() => item().state === "finished");
    expect(methods()).toEqual(["POST", "PATCH", "HEAD", "PATCH", "PATCH"]);
    expect(offsetsSent()).toEqual([8, 8, 16]);
    expect(item().resumedAt).toBe(8);
  });

  it("is found again where the answer to its announcement was lost", async () => {
    const { send } = server;
    let lost = 0;
    server.send = async (request) => {
      const answered = await send(request);
      if (request.method !== "POST" || lost > 0) return answered;
      lost += 1;
      throw cut();
    };
    queue.add([named("a", 20)]);
    await until(() => item().state === "finished");
    expect(server.kept.size).toBe(1);
    expect(offsetsSent()).toEqual([8, 16]);
  });

  it("goes on when the page was loaded anew and the file is chosen again", async () => {
    server.refusals = [null, new Problem({ status: 507, code: "quota-exceeded", detail: "" })];
    queue.add([named("a", 20)]);
    await until(() => item().state === "failed");
    queue = anotherQueue();
    queue.add([named("a", 20)]);
    await until(() => item().state === "finished");
    expect(server.kept.size).toBe(1);
    expect(item().resumedAt).toBe(8);
    expect(offsetsSent()).toEqual([8, 8, 16]);
  });

  it("goes on where it was begun, unless it is to go elsewhere now", async () => {
    const full = () => new Problem({ status: 507, code: "quota-exceeded", detail: "" });
    server.refusals = [null, full()];
    queue.add([within("run/a", 20)], { space: "scratch", directory: "x" });
    await until(() => item().state === "failed");
    queue = anotherQueue();
    queue.add([within("run/a", 20)], { space: "scratch", directory: "y" });
    await until(() => item().state === "finished");
    expect(server.kept.size).toBe(2);
    queue = anotherQueue();
    queue.add([within("run/a", 20)]);
    await until(() => item().state === "finished");
    expect([...server.kept.values()].map(({ bytes }) => bytes)).toEqual([20, 20]);
  });

  it("is not mixed with a file that was changed since", async () => {
    server.refusals = [null, new Problem({ status: 507, code: "quota-exceeded", detail: "" })];
    queue.add([named("a", 20)]);
    await until(() => item().state === "failed");
    queue = anotherQueue();
    queue.add([new File([new Uint8Array(20)], "a", { lastModified: 2 })]);
    await until(() => item().state === "finished");
    expect(server.kept.size).toBe(2);
  });

  it("is begun anew when the server has forgotten it", async () => {
    server.refusals = [null, new Problem({ status: 410, code: "upload-gone", detail: "" })];
    queue.add([named("a", 20)]);
    await until(() => item().state === "finished");
    expect(methods()).toEqual(["POST", "PATCH", "POST", "PATCH", "PATCH"]);
  });

  it("of a folder goes on when the folder is chosen again, and what is there is not sent again", async () => {
    const files = [within("run/a"), within("run/b"), within("run/c", 20)];
    server.refusals = [null, null, null, new Problem({ status: 507, code: "quota-exceeded", detail: "" })];
    queue.add(files);
    await until(() => states().join() === "finished,finished,failed");
    const sent = server.requests.length;
    queue = anotherQueue();
    queue.add(files);
    await until(() => states().every((state) => state === "finished"));
    expect(queue.items.map(({ wasThere }) => wasThere)).toEqual([true, true, false]);
    expect(server.requests.slice(sent).map(({ method }) => method)).toEqual(["HEAD", "PATCH", "PATCH"]);
    queue.sendAgain(item().key);
    await until(() => server.kept.size === 4);
  });

  it("is the same one when its file is chosen again while it stands in the list", async () => {
    const open = holdAnswers();
    const [key = ""] = queue.add([named("a", 20)]);
    await until(() => server.requests.length === 1);
    queue.pause(key);
    open();
    expect(queue.add([named("a", 20)])).toEqual([key]);
    await until(() => item().state === "finished");
    expect(queue.items).toHaveLength(1);
  });
});

describe("a big file", () => {
  const big = () => named("big.bin", PARTS_FROM_BYTES);

  beforeEach(() => {
    const { send } = server;
    // In pieces of the chunk's size it would be millions of requests.
    queue = new UploadQueue({
      send: (request) => send(request),
      find: (fingerprints) => server.find(fingerprints),
      site: async () => ({ chunkSize: PARTS_FROM_BYTES / 8, target: USUAL }),
      setKind: async () => ({}) as UploadInfo,
      onSettled: () => undefined,
      isOffline: () => false,
    });
  });

  it("goes in parts side by side, which the server puts together", async () => {
    queue.add([big()]);
    await until(() => item().state === "finished");
    expect(server.mostAtOnce).toBe(PARTS);
    expect([...server.kept.values()].map(({ bytes, isPart }) => [bytes, isPart])).toEqual([
      [PARTS_FROM_BYTES, false],
    ]);
    expect(item().parts).toBe(PARTS);
  });

  it("goes on in each part where that stands", async () => {
    // All parts are announced, one gets a second piece, and then the disk is full.
    const full = () => new Problem({ status: 507, code: "no-space-left", detail: "" });
    server.refusals = [null, null, null, null, full(), full(), full()];
    const [key = ""] = queue.add([big()]);
    await until(() => item().state === "failed");
    const kept = [...server.kept.values()].reduce((all, { bytes }) => all + bytes, 0);
    server.requests = [];
    server.refusals = [];
    queue.resume(key);
    await until(() => item().state === "finished");
    const sent = server.requests.reduce((all, { body }) => all + (body?.size ?? 0), 0);
    expect(sent).toBe(PARTS_FROM_BYTES - kept);
    expect(kept).toBeGreaterThanOrEqual(4 * (PARTS_FROM_BYTES / 8));
  });

  it("lets small ones pass, and is not passed for ever by them", async () => {
    const open = holdAnswers();
    queue.add([big(), named("big2.bin", PARTS_FROM_BYTES), named("small", 5)]);
    await until(() => server.requests.length === PARTS + 1);
    expect(states()).toEqual(["uploading", "queued", "uploading"]);
    open();
    await until(() => states().every((state) => state === "finished"));
  });

  it("leaves nothing on the server when it is cancelled", async () => {
    const open = holdAnswers(PARTS);
    const [key = ""] = queue.add([big()]);
    await until(() => server.requests.length === 2 * PARTS);
    expect(server.kept.size).toBe(PARTS);
    const removed = queue.remove(key);
    open();
    await removed;
    expect(server.kept.size).toBe(0);
  });

  it("leaves nothing where it was being put together when it is cancelled", async () => {
    const open = holdAnswers(PARTS);
    const [key = ""] = queue.add([big()]);
    await until(() => server.requests.length === 2 * PARTS);
    const metadata = [...server.kept.values()][0]?.metadata ?? {};
    const whole = { id: "late", bytes: 8, size: PARTS_FROM_BYTES, isPart: false, metadata };
    server.onRemoved = () => {
      if (server.removed.length === PARTS) server.kept.set(whole.id, whole);
    };
    const removed = queue.remove(key);
    open();
    await removed;
    expect(server.removed).toHaveLength(PARTS + 1);
    expect(server.kept.size).toBe(0);
  });

  it("leaves nothing where one part is still being written to when it is cancelled", async () => {
    const open = holdAnswers(PARTS);
    const [key = ""] = queue.add([big()]);
    await until(() => server.requests.length === 2 * PARTS);
    server.refusals = [null, new Problem({ status: 423, code: "upload-busy", detail: "", retryAfter: 0 })];
    const removed = queue.remove(key);
    open();
    await removed;
    expect(server.removed).toHaveLength(PARTS);
    expect(server.kept.size).toBe(0);
  });
});

describe("trouble", () => {
  it("that will not pass is said at once, and tried again when told to", async () => {
    server.refusals = [
      new Problem({ status: 422, code: "quota-exceeded", detail: "Your quota is used up." }),
    ];
    const [key = ""] = queue.add([named("a", 5)]);
    await until(() => item().state === "failed");
    expect(server.requests).toHaveLength(1);
    expect(item().problem).toMatchObject({ code: "quota-exceeded" });
    queue.resume(key);
    await until(() => item().state === "finished");
    expect(item().problem).toBeNull();
  });

  it.each([423, 500, 502, 503])("that passes is waited for (%i)", async (status) => {
    server.refusals = [new Problem({ status, code: "x", detail: "" })];
    queue.add([named("a", 5)]);
    await until(() => item().state === "finished");
    expect(server.requests).toHaveLength(2);
  });

  it("with a file that was changed or removed is told as such", async () => {
    const file = named("a", 5);
    server.refusals = [new Problem({ status: 0, code: "no-answer", detail: "" })];
    file.slice = () =>
      ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) as never;
    queue.add([file]);
    await until(() => item().state === "failed");
    expect(item().problem?.code).toBe("file-unreadable");
  });

  it("asks the server no sooner than it said, and nothing else of the queue does", async () => {
    vi.useFakeTimers();
    server.refusals = [new Problem({ status: 429, code: "too-many-requests", detail: "", retryAfter: 40 })];
    queue.add([named("a", 5)]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(item().state).toBe("interrupted");
    queue.add([named("b", 5)]);
    queue.networkIsBack();
    await vi.advanceTimersByTimeAsync(37_000);
    expect(server.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3000);
    expect(states()).toEqual(["finished", "finished"]);
  });

  it("of the network is waited for, and gone on with the moment it is back", async () => {
    vi.useFakeTimers();
    isOffline = true;
    server.refusals = [new Problem({ status: 0, code: "no-answer", detail: "" })];
    queue.add([named("a", 5)]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.requests).toHaveLength(1);
    expect(item().state).toBe("interrupted");
    isOffline = false;
    queue.networkIsBack();
    await vi.advanceTimersByTimeAsync(100);
    expect(item().state).toBe("finished");
  });

  it("with the session stops all, and a new sign-in lets all go on", async () => {
    const open = holdAnswers();
    queue.add([named("a", 20), named("b", 5)]);
    await until(() => server.requests.length === 2);
    queue.hold();
    open();
    expect(states()).toEqual(["queued", "queued"]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.requests).toHaveLength(2);
    queue.release();
    await until(() => states().every((state) => state === "finished"));
  });
});

describe("one's will", () => {
  it("pauses one, and it goes on where it was", async () => {
    const open = holdAnswers(2);
    const [key = ""] = queue.add([named("a", 40)]);
    await until(() => server.requests.length === 3);
    queue.pause(key);
    expect(item()).toMatchObject({ state: "paused", speed: 0 });
    open();
    queue.resume(key);
    await until(() => item().state === "finished");
    expect(item().resumedAt).toBe(2 * CHUNK);
    expect(offsetsSent()).toEqual([8, 16, 16, 24, 32]);
  });

  it("pauses and resumes all", async () => {
    const open = holdAnswers();
    const keys = queue.add(["a", "b", "c", "d", "e"].map((name) => named(name, 5)));
    await until(() => server.requests.length === 4);
    queue.pauseAll();
    open();
    expect(new Set(states())).toEqual(new Set(["paused"]));
    queue.resume(keys[4] ?? "");
    await until(() => item(4).state === "finished");
    expect(states().slice(0, 4)).toEqual(["paused", "paused", "paused", "paused"]);
    queue.resumeAll();
    await until(() => states().every((state) => state === "finished"));
  });

  it("tries again all that failed, and nothing else", async () => {
    const full = () => new Problem({ status: 507, code: "quota-exceeded", detail: "" });
    server.refusals = [full(), full(), null];
    queue.add([named("a", 5), named("b", 5), named("c", 5)]);
    await until(() => states().join() === "failed,failed,finished");
    queue.retryAll();
    await until(() => states().every((state) => state === "finished"));
    expect(server.kept.size).toBe(3);
  });

  it("throws away on the server what is cancelled, but not what is finished", async () => {
    queue.add([named("a", 5)]);
    await until(() => item().state === "finished");
    const open = holdAnswers(1);
    queue.add([named("b", 40)]);
    await until(() => server.requests.length === 3);
    const removed = queue.removeAll();
    open();
    await removed;
    expect(queue.items.map(({ name }) => name)).toEqual(["a"]);
    expect(server.removed).toEqual(["id-2"]);
    await queue.remove(item().key);
    expect(server.removed).toEqual(["id-2"]);
    expect(queue.items).toEqual([]);
  });
});

describe("the time left", () => {
  const some = (offset: number, speed: number, state = "uploading") =>
    ({ size: 100, offset, speed, state }) as UploadItem;

  it("is that of what is still to be sent", () => {
    expect(progressOf([some(50, 5), some(100, 0, "finished"), some(0, 5, "queued")])).toEqual({
      size: 300,
      offset: 150,
      speed: 10,
      left: 15,
    });
    expect(progressOf([some(50, 10), some(0, 0, "paused")]).left).toBe(5);
    expect(progressOf([some(0, 0)]).left).toBeNull();
  });

  it("of many small files is that of their number", () => {
    const files = Array.from({ length: 100 }, () => some(0, 0, "queued"));
    expect(progressOf(files, { speed: 100_000, filesPerSecond: 10 }).left).toBe(10);
  });
});
