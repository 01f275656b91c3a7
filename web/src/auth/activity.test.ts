import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { markRequest, watchActivity } from "./activity";

let told: number;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  told = 0;
  stop = watchActivity(() => {
    told += 1;
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

function isByItself(): boolean {
  const headers = new Headers();
  markRequest(headers);
  return headers.get("Quarterdeck-By-Itself") === "1";
}

const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
const touch = (type: string, target: EventTarget = window) =>
  target.dispatchEvent(new Event(type, { bubbles: true }));
const point = (screenX: number) =>
  window.dispatchEvent(Object.assign(new Event("pointermove"), { screenX, screenY: 5 }));

describe("whether somebody uses the page", () => {
  it.each(["pointerdown", "keydown", "touchstart", "wheel", "scroll"])("is told by %s", (type) => {
    pass(60);
    expect(isByItself()).toBe(true);
    touch(type);
    expect(isByItself()).toBe(false);
    pass(59);
    expect(isByItself()).toBe(false);
  });

  it("is told by a pointer that moves, not by one that rests while the page moves", () => {
    point(1);
    pass(60);
    point(1);
    expect(isByItself()).toBe(true);
    point(2);
    expect(isByItself()).toBe(false);
  });

  it("is not told by output that scrolls as it is followed", () => {
    const log = document.body.appendChild(document.createElement("div"));
    log.setAttribute("role", "log");
    const inside = log.appendChild(document.createElement("div"));
    pass(60);
    touch("scroll", inside);
    expect(isByItself()).toBe(true);
    log.remove();
  });
});

describe("reading", () => {
  it("is told to the server once a minute while nothing else is", () => {
    for (let second = 0; second < 180; second += 5) {
      touch("wheel");
      pass(5);
    }
    touch("wheel");
    expect(told).toBe(3);
  });

  it("needs no telling while the page asks for something", () => {
    for (let second = 0; second < 300; second += 30) {
      touch("wheel");
      markRequest(new Headers());
      pass(30);
    }
    expect(told).toBe(0);
  });

  it("is told at once by the first touch after a pause, even if the page went on asking by itself", () => {
    pass(90);
    expect(isByItself()).toBe(true);
    touch("keydown");
    expect(told).toBe(1);
    touch("keydown");
    expect(told).toBe(1);
  });

  it("is not told when nobody reads", () => {
    pass(3600);
    expect(told).toBe(0);
  });
});
