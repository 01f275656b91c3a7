// Paths beneath a space. They are opaque to the page except for their slashes: `%XX` stands for a byte that is not UTF-8.
import type { PlaceSearch } from "./place";

export interface Crumb {
  name: string;
  path: string;
}

/** The space itself first, then every directory on the way. */
export function crumbsOf(path: string): Crumb[] {
  const names = path.split("/").filter(Boolean);
  return [
    { name: "", path: "" },
    ...names.map((name, index) => ({ name: displayName(name), path: names.slice(0, index + 1).join("/") })),
  ];
}

/** A name or path as people read it. */
export function displayName(name: string): string {
  return name.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) => (code === "25" ? "%" : "\ufffd"));
}

/** One path behind the other; either may be empty. */
export function joined(directory: string, rest: string): string {
  return [directory, rest].filter(Boolean).join("/");
}

/** The last name of a path. */
export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A name as somebody typed it, as part of a path. */
export function typedName(name: string): string {
  return name.replaceAll("%", "%25");
}

/** A file in its directory. */
export function placeOf(path: string): PlaceSearch {
  const directory = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return { ...(directory ? { path: directory } : {}), file: nameIn(path) };
}
