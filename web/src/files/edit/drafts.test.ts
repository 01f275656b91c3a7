import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Draft, draftOf, keepDraft, ROOM_CHARACTERS, removeDraft, removeOldDrafts } from "./drafts";

const DAY_MS = 86_400_000;
const place = (path: string, user = "1") => ({ user, space: "home", path });
const draft = (change: Partial<Draft> = {}): Draft => ({
  at: Date.now(),
  etag: '"1"',
  format: { encoding: "utf-8", bom: false, endings: "\r\n" },
  text: "one\n두 줄\n",
  ...change,
});
/** Of four such there is room for three. */
const long = (at: number) => draft({ at, text: "x".repeat(ROOM_CHARACTERS / 4) });

beforeEach(() => localStorage.clear());
afterEach(() => vi.restoreAllMocks());

describe("a draft", () => {
  it("is kept as it is, one for each person and file", () => {
    const written = draft();
    keepDraft(place("a/b.txt"), draft({ text: "earlier" }));
    keepDraft(place("a/b.txt"), written);
    expect(draftOf(place("a/b.txt"))).toEqual(written);
    expect(draftOf(place("a/b.txt", "2"))).toBeNull();
    expect(draftOf(place("b.txt"))).toBeNull();
    expect(draftOf({ user: "1", space: "scratch", path: "a/b.txt" })).toBeNull();
    removeDraft(place("a/b.txt"));
    expect(localStorage).toHaveLength(0);
  });

  it("makes room for itself by the oldest, whosever they are, and by nothing else", () => {
    localStorage.setItem("quarterdeck.language", "ko");
    keepDraft(place("second"), long(2));
    keepDraft(place("first", "2"), long(1));
    keepDraft(place("third"), long(3));
    keepDraft(place("third"), long(4));
    expect(draftOf(place("first", "2"))).not.toBeNull();
    keepDraft(place("fourth"), long(5));
    expect(["second", "third", "fourth"].map((path) => draftOf(place(path))?.at)).toEqual([2, 4, 5]);
    expect(draftOf(place("first", "2"))).toBeNull();
    expect(localStorage.getItem("quarterdeck.language")).toBe("ko");
  });

  it("is not kept where its text is too long; what is there stays", () => {
    const other = draft();
    keepDraft(place("other"), other);
    keepDraft(place("long"), draft({ text: "x".repeat(ROOM_CHARACTERS) }));
    // Each of these is two characters where it is stored.
    keepDraft(place("long"), draft({ text: "\n".repeat(ROOM_CHARACTERS - 1000) }));
    expect(draftOf(place("long"))).toBeNull();
    expect(draftOf(place("other"))).toEqual(other);
  });

  it("takes the place of the oldest where the browser's storage is full", () => {
    keepDraft(place("older"), draft({ at: 1 }));
    keepDraft(place("newer"), draft({ at: 2 }));
    const { setItem } = Storage.prototype;
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(function (this: Storage, key, value) {
      if (this.length >= 2) throw new DOMException("full", "QuotaExceededError");
      setItem.call(this, key, value);
    });
    keepDraft(place("now"), draft({ at: 3 }));
    expect(["older", "newer", "now"].map((path) => draftOf(place(path))?.at)).toEqual([undefined, 2, 3]);
  });

  it("is none where the browser denies its storage, and nothing else fails", () => {
    vi.spyOn(window, "localStorage", "get").mockImplementation(() => {
      throw new DOMException("denied", "SecurityError");
    });
    keepDraft(place("a"), draft());
    expect(draftOf(place("a"))).toBeNull();
    removeDraft(place("a"));
  });

  it("is none where what is stored makes no sense", () => {
    keepDraft(place("a"), draft());
    const key = localStorage.key(0) ?? "";
    for (const nonsense of ["", "{", "1 {", '1 {"text":1}', "1 null", `x ${JSON.stringify(draft())}`]) {
      localStorage.setItem(key, nonsense);
      expect(draftOf(place("a")), nonsense).toBeNull();
    }
  });

  it("is gone after 30 days", () => {
    keepDraft(place("old"), draft({ at: Date.now() - 31 * DAY_MS }));
    keepDraft(place("new"), draft({ at: Date.now() - 29 * DAY_MS }));
    removeOldDrafts();
    expect(draftOf(place("old"))).toBeNull();
    expect(draftOf(place("new"))).not.toBeNull();
  });
});
