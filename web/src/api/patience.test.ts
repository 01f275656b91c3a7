import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { patiently } from "./patience";

const refused = (seconds?: string) =>
  new Response("{}", { status: 429, headers: seconds === undefined ? {} : { "Retry-After": seconds } });

let answers: Response[];
let sent: number;
const send = async () => {
  sent += 1;
  return answers.shift() ?? new Response("done");
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
  answers = [];
  sent = 0;
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a request that comes too often", () => {
  it("is sent again by itself after the time that the server asks for", async () => {
    answers = [refused("12")];
    const response = patiently(send);
    await vi.advanceTimersByTimeAsync(11_999);
    expect(sent).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await response).status).toBe(200);
    expect(sent).toBe(2);
  });

  it("waits no longer than a minute, and three times at most", async () => {
    answers = [refused("3600"), refused("3600"), refused("3600"), refused("3600")];
    const response = patiently(send);
    await vi.advanceTimersByTimeAsync(180_000);
    expect((await response).status).toBe(429);
    expect(sent).toBe(4);
  });

  it("waits a little where the server does not say how long", async () => {
    answers = [refused(), refused("soon")];
    const response = patiently(send);
    await vi.advanceTimersByTimeAsync(4999);
    expect(sent).toBe(1);
    await vi.advanceTimersByTimeAsync(5001);
    expect((await response).status).toBe(200);
  });

  it("does not all come back at the same moment", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.9);
    answers = [refused("1")];
    const response = patiently(send);
    await vi.advanceTimersByTimeAsync(1899);
    expect(sent).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    await response;
    expect(sent).toBe(2);
  });

  it("is not sent again once nobody wants it", async () => {
    answers = [refused("12")];
    const control = new AbortController();
    const response = patiently(send, control.signal);
    const outcome = expect(response).rejects.toMatchObject({ name: "AbortError" });
    await vi.advanceTimersByTimeAsync(1000);
    control.abort();
    await outcome;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toBe(1);
  });

  it("leaves other refusals alone", async () => {
    answers = [new Response("{}", { status: 503, headers: { "Retry-After": "5" } })];
    expect((await patiently(send)).status).toBe(503);
  });
});
