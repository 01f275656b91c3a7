// What a key may do: an area of the API, read or written. Writing does not include reading.

const DEEDS = ["read", "write"] as const;
export type Deed = (typeof DEEDS)[number];

/** Areas as the API orders them, with the deeds that are offered in each. */
export interface Area {
  name: string;
  deeds: Deed[];
}

/** @param offered scopes (`jobs:read`) that the owner's role allows. */
export function areasOf(offered: readonly string[]): Area[] {
  const areas = new Map<string, Area>();
  for (const scope of offered) {
    const [name = "", deed] = scope.split(":");
    const area = areas.get(name) ?? { name, deeds: [] };
    areas.set(name, area);
    const known = DEEDS.find((known) => known === deed);
    if (known) area.deeds.push(known);
  }
  return [...areas.values()];
}

export const PRESETS = ["readAll", "submit"] as const;
export type Preset = (typeof PRESETS)[number];

/** Submitting a job with files, watching it, and reading what it wrote. */
const SUBMIT = [
  "jobs:read",
  "jobs:write",
  "images:read",
  "templates:read",
  "uploads:read",
  "uploads:write",
  "files:read",
  "nodes:read",
];

/** The scopes of a preset, as far as they are offered. */
export function presetScopes(preset: Preset, offered: readonly string[]): string[] {
  return offered.filter((scope) => (preset === "readAll" ? scope.endsWith(":read") : SUBMIT.includes(scope)));
}
