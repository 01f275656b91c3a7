// Keeps what is typed as a draft until it is saved: a moment later while somebody types, and at once when the session ends
// or the page goes away.
import { useEffect, useState } from "react";
import { session } from "../../auth/session";
import { type Draft, type DraftPlace, keepDraft, removeDraft } from "./drafts";
import type { Base } from "./use-saving";

/** Long enough for a long text not to be written at each key. */
const DELAY_MS = 1000;

export interface DraftKeeping {
  /** The text is now this one. */
  typed(text: string): void;
  /** Nobody wants the text any more. */
  discard(): void;
}

/** @param taken the draft that the text begins with. */
export function useDraft(place: DraftPlace, base: Base, taken: Draft | null): DraftKeeping {
  const [keeper] = useState(() => new Keeper(place, base, taken));
  useEffect(() => keeper.isBasedOn(base), [keeper, base]);
  useEffect(() => {
    const keep = () => keeper.keepNow();
    // A phone may end a page that is not seen without another word.
    window.addEventListener("pagehide", keep);
    document.addEventListener("visibilitychange", keep);
    const unbind = session.onLeave(keep);
    return () => {
      window.removeEventListener("pagehide", keep);
      document.removeEventListener("visibilitychange", keep);
      unbind();
      keeper.stop();
    };
  }, [keeper]);
  return keeper;
}

class Keeper implements DraftKeeping {
  readonly #place: DraftPlace;
  #base: Base;
  #text: string;
  #at: number;
  /** Runs while the stored draft is not the text. */
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(place: DraftPlace, base: Base, taken: Draft | null) {
    this.#place = place;
    this.#base = base;
    this.#text = taken?.text ?? base.text.text;
    this.#at = taken?.at ?? 0;
  }

  typed(text: string): void {
    this.#text = text;
    this.#at = Date.now();
    this.#timer ??= setTimeout(() => this.#settle(), DELAY_MS);
  }

  discard(): void {
    this.#text = this.#base.text.text;
    this.#settle();
  }

  /** Saved, or begun anew from what is on the disk. */
  isBasedOn(base: Base): void {
    if (base === this.#base) return;
    this.#base = base;
    this.#settle();
  }

  /** A text without changes is none to keep; nor does it take away the draft that another tab keeps of this file. */
  keepNow(): void {
    if (this.#timer !== null || this.#isChanged()) this.#settle();
  }

  stop(): void {
    if (this.#timer !== null) this.#settle();
  }

  #settle(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isChanged()) this.#keep();
    else removeDraft(this.#place);
  }

  #keep(): void {
    const { etag, text: file } = this.#base;
    const { encoding, bom, endings } = file;
    keepDraft(this.#place, {
      at: this.#at,
      etag,
      // Each line's own ending is for the file that has these lines; without it, new lines have the usual one.
      format: { encoding, bom, endings: typeof endings === "string" ? endings : "\n" },
      text: this.#text,
    });
  }

  #isChanged(): boolean {
    return this.#text !== this.#base.text.text;
  }
}
