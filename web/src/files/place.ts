// What the files page shows: in its address.

export interface PlaceSearch {
  /** A directory beneath the space. */
  path?: string;
  /** A name in it, which is looked at. */
  file?: string;
  /** The file is written in. */
  edit?: true;
  /** What was deleted, instead. */
  trash?: true;
  /** What is looked for below the directory, instead: part of a name, or a pattern. */
  find?: string;
  /** Files of so many bytes and more are looked for. */
  min?: number;
  /** And what was changed within so many days. */
  days?: number;
}

const MIB = 1024 * 1024;
/** To choose from: bytes at least; 0: all. */
export const SIZES = [0, MIB, 100 * MIB, 1024 * MIB, 10 * 1024 * MIB];
/** Days at most; 0: all. */
export const AGES = [0, 1, 7, 30, 365];

export function isSearch({ find, min, days }: PlaceSearch): boolean {
  return find !== undefined || min !== undefined || days !== undefined;
}

export function placeFromSearch(search: Record<string, unknown>): PlaceSearch {
  const text = (key: "path" | "file" | "find") => {
    const value = search[key];
    // A name of digits comes as a number.
    const written = typeof value === "number" ? String(value) : value;
    return typeof written === "string" && written !== "" ? { [key]: written } : {};
  };
  const choice = (key: "min" | "days", choices: number[]) => {
    const value = search[key];
    return typeof value === "number" && value !== 0 && choices.includes(value) ? { [key]: value } : {};
  };
  const flag = (key: "edit" | "trash") => (search[key] === true ? { [key]: true } : {});
  return {
    ...text("path"),
    ...text("file"),
    ...text("find"),
    ...choice("min", SIZES),
    ...choice("days", AGES),
    ...flag("edit"),
    ...flag("trash"),
  };
}
