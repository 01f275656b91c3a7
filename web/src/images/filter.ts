// Which images the catalogue shows: in the URL, and as the server is asked.
import type { Image, ImageState } from "../api/types";

export const IMAGE_KINDS = ["compute", "viz", "custom"] as const satisfies readonly Image["kind"][];
export const IMAGE_STATES = ["active", "stale", "inactive"] as const satisfies readonly ImageState[];

export const WHOSE = ["site", "own"] as const;

export interface ImageFilter {
  q?: string;
  /** Without it the site's and one's own. */
  whose?: (typeof WHOSE)[number];
  kind?: Image["kind"];
  /** Without it all but the removed. */
  state?: ImageState;
}

/** Reads the URL's search; what is not understood is left out. */
export function imageFilterFromSearch({
  q,
  whose,
  kind,
  state,
}: Record<string, string | undefined>): ImageFilter {
  const known = {
    whose: WHOSE.find((known) => known === whose),
    kind: IMAGE_KINDS.find((known) => known === kind),
    state: IMAGE_STATES.find((known) => known === state),
  };
  return {
    ...(q && { q }),
    ...(known.whose && { whose: known.whose }),
    ...(known.kind && { kind: known.kind }),
    ...(known.state && { state: known.state }),
  };
}
