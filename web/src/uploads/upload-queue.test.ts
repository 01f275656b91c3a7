import type { Upload, UploadOptions } from "tus-js-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../api/problem";
import type { FileKind, UploadInfo } from "../api/types";
import { progressOf, UploadQueue } from "./upload-queue";

class FakeUpload {
  url: string | null = null;
  started = 0;
  aborted: (boolean | undefined)[] = [];
  resumed: unknown = null;

  constructor(
    readonly file: File,
    readonly options: UploadOptions,
    private readonly previous: unknown[],
  ) {}

  findPreviousUploads = async () => this.previous;
  resumeFromPreviousUpload = (upload: unknown) => {
    this.resumed = upload;
  };
  start = () => {
    this.started += 1;
  };
  abort = async (terminate?: boolean) => {
    this.aborted.push(terminate);
  };

  created() {
    this.url = "/api/v1/uploads/id-1";
    this.options.onUploadUrlAvailable?.();
  }
}

let uploads: FakeUpload[];
let previous: unknown[];
let kinds: [string, FileKind][];
let refused: string[];
let queue: UploadQueue;

beforeEach(() => {
  uploads = [];
  previous = [];
  kinds = [];
  refused = [];
  queue = new UploadQueue({
    endpoint: "/api/v1/uploads",
    token: async () => "token",
    onRefused: (token) => refused.push(token),
    chunkSize: async () => 8,
    user: () => "alice",
    createUpload: async (file, options) => {
      const upload = new FakeUpload(file, options, previous);
      uploads.push(upload);
      return upload as unknown as Upload;
    },
    setKind: async (id, kind) => {
      kinds.push([id, kind]);
      return { kind } as UploadInfo;
    },
    info: async () => ({ kind: "mesh", path: "quarterdeck/uploads/a-1.msh" }) as UploadInfo,
    onSettled: () => undefined,
  });
});

const named = (name: string, size = 20) => new File([new Uint8Array(size)], name, { lastModified: 1 });
const item = (index = 0) => queue.items[index];
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

async function begin(...names: string[]) {
  const keys = queue.add(names.map((name) => named(name)));
  await settle();
  return keys;
}

describe("the upload queue", () => {
  it("sends three files at once and the next when one is done", async () => {
    await begin("a", "b", "c", "d");
    expect(queue.items.map(({ state }) => state)).toEqual(["uploading", "uploading", "uploading", "queued"]);
    uploads[0]?.options.onSuccess?.({ lastResponse: {} as never });
    await settle();
    expect(queue.items.map(({ state }) => state)).toEqual([
      "finished",
      "uploading",
      "uploading",
      "uploading",
    ]);
  });

  it("takes up an earlier upload of the same file and says from where", async () => {
    previous = [{ uploadUrl: "/api/v1/uploads/id-0" }];
    await begin("a");
    expect(uploads[0]?.resumed).toEqual(previous[0]);
    uploads[0]?.options.onProgress?.(12, 20);
    expect(item()).toMatchObject({ offset: 12, resumedAt: 12 });
  });

  it("does not take up another person's upload of the same file", async () => {
    await begin("a");
    const fingerprint = await uploads[0]?.options.fingerprint?.(named("a"), {} as UploadOptions);
    expect(fingerprint).toContain("alice");
  });

  it("is interrupted by a cut and goes on by itself", async () => {
    await begin("a");
    const cut = new Error("cut");
    expect(uploads[0]?.options.onShouldRetry?.(cut as never, 0, {} as UploadOptions)).toBe(true);
    expect(item()?.state).toBe("interrupted");
    uploads[0]?.options.onProgress?.(8, 20);
    expect(item()?.state).toBe("uploading");
  });

  it("gives up on a refusal, says why, and tries again when told to", async () => {
    await begin("a");
    const refusal = Object.assign(new Error("tus"), {
      originalResponse: {
        getStatus: () => 507,
        getBody: () => JSON.stringify({ code: "quota-exceeded", detail: "Your quota is used up." }),
      },
    });
    uploads[0]?.options.onError?.(refusal as never);
    expect(item()?.state).toBe("failed");
    expect(item()?.problem).toMatchObject({ code: "quota-exceeded", status: 507 });
    queue.resume(item()?.key ?? "");
    await settle();
    expect(uploads[0]?.started).toBe(2);
    expect(item()?.problem).toBeNull();
  });

  it("gets a new token when the server refuses the one it had", async () => {
    await begin("a");
    await uploads[0]?.options.onBeforeRequest?.({ setHeader: vi.fn() } as never);
    const unauthorized = Object.assign(new Error("tus"), {
      originalResponse: { getStatus: () => 401, getBody: () => "" },
    });
    expect(uploads[0]?.options.onShouldRetry?.(unauthorized as never, 0, {} as UploadOptions)).toBe(true);
    expect(refused).toEqual(["token"]);
  });

  it("tries again by itself what failed for want of a network, when the network is back", async () => {
    await begin("a");
    uploads[0]?.options.onError?.(new Error("no network"));
    expect(item()?.problem).toBeInstanceOf(Problem);
    queue.networkIsBack();
    await settle();
    expect(item()?.state).toBe("uploading");
  });

  describe("that is asked to wait", () => {
    const tooMany = Object.assign(new Error("tus"), {
      originalResponse: {
        getStatus: () => 429,
        getBody: () => "",
        getHeader: (name: string) => (name === "Retry-After" ? "40" : undefined),
      },
    });
    const request = () => uploads[0]?.options.onBeforeRequest?.({ setHeader: vi.fn() } as never);

    async function refuse() {
      const [key = ""] = await begin("a");
      vi.useFakeTimers();
      expect(uploads[0]?.options.onShouldRetry?.(tooMany as never, 0, {} as UploadOptions)).toBe(true);
      return key;
    }

    afterEach(() => {
      vi.useRealTimers();
    });

    it("goes on by itself, not before the time that the server asks for", async () => {
      await refuse();
      expect(item()?.state).toBe("interrupted");
      let sent = false;
      void Promise.resolve(request()).then(() => {
        sent = true;
      });
      await vi.advanceTimersByTimeAsync(39_000);
      expect(sent).toBe(false);
      await vi.advanceTimersByTimeAsync(1000);
      expect(sent).toBe(true);
    });

    it("sends nothing more once it is paused, nor what it waited with before it was resumed", async () => {
      const key = await refuse();
      let sent = 0;
      void Promise.resolve(request()).then(() => {
        sent += 1;
      });
      queue.pause(key);
      queue.resume(key);
      await vi.advanceTimersByTimeAsync(120_000);
      expect(sent).toBe(0);
      expect(uploads[0]?.started).toBe(2);
    });
  });

  it("stops all and waits for each to be resumed", async () => {
    const [key = ""] = await begin("a", "b", "c", "d");
    queue.pauseAll();
    expect(queue.items.map(({ state }) => state)).toEqual(["paused", "paused", "paused", "paused"]);
    queue.resume(key);
    await settle();
    expect(queue.items.map(({ state }) => state)).toEqual(["uploading", "paused", "paused", "paused"]);
  });

  it("pauses, and resumes where it was", async () => {
    const [key = ""] = await begin("a");
    queue.pause(key);
    expect(item()?.state).toBe("paused");
    expect(uploads[0]?.aborted).toEqual([undefined]);
    // A late word of the request that was aborted changes nothing.
    uploads[0]?.options.onProgress?.(16, 20);
    expect(item()?.state).toBe("paused");
    queue.resume(key);
    await settle();
    expect(uploads[0]?.started).toBe(2);
  });

  it("throws away on the server what is cancelled, but not what is finished", async () => {
    const [first = "", second = ""] = await begin("a", "b");
    uploads[0]?.created();
    uploads[1]?.created();
    uploads[1]?.options.onSuccess?.({ lastResponse: {} as never });
    await queue.remove(first);
    await queue.remove(second);
    expect(uploads[0]?.aborted).toEqual([true]);
    expect(uploads[1]?.aborted).toEqual([]);
    expect(queue.items).toEqual([]);
  });

  it("tells the server of a kind that was changed", async () => {
    const [key = ""] = await begin("mesh.msh");
    expect(item()?.kind).toBe("mesh");
    await queue.setKind(key, "data");
    expect(kinds).toEqual([]);
    uploads[0]?.created();
    await settle();
    expect(kinds).toEqual([["id-1", "data"]]);
  });

  it("shows the kind and the place that the server gave the finished file", async () => {
    await begin("a.msh");
    uploads[0]?.created();
    uploads[0]?.options.onSuccess?.({ lastResponse: {} as never });
    await settle();
    expect(item()).toMatchObject({
      state: "finished",
      kind: "mesh",
      path: "quarterdeck/uploads/a-1.msh",
      offset: 20,
    });
  });

  it("adds up what is left of all files", () => {
    const some = (offset: number, speed: number) =>
      ({ size: 100, offset, speed }) as Parameters<typeof progressOf>[0][number];
    expect(progressOf([some(50, 5), some(100, 0), some(0, 5)])).toEqual({
      size: 300,
      offset: 150,
      speed: 10,
      left: 15,
    });
    expect(progressOf([some(0, 0)]).left).toBeNull();
  });
});
