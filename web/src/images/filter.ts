// Which images the catalogue shows: in the URL, and as the server is asked.
import type { Image, ImageState } from "../api/types";

export const IMAGE_KINDS = ["compute", "viz", "custom"] as const satisfies readonly Image["kind"][];
export const IMAGE_STATES = ["active", "stale", "inactive"] as const satisfies readonly ImageState[];

export interface ImageFilter {
  q?: string;
  kind?: Image["kind"];
  /** Without it all but the removed. */
  state?: ImageState;
}

/** Reads the URL's search; what is not understood is left out. */
export function imageFilterFromSearch({ q, kind, state }: Record<string, string | undefined>): ImageFilter {
  const known = {
    kind: IMAGE_KINDS.find((known) => known === kind),
    state: IMAGE_STATES.find((known) => known === state),
  };
  return {
    ...(q && { q }),
    ...(known.kind && { kind: known.kind }),
    ...(known.state && { state: known.state }),
  };
}
