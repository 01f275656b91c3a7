// What the files page shows: in its address.

export interface PlaceSearch {
  /** A directory beneath the space. */
  path?: string;
  /** A name in it, which is looked at. */
  file?: string;
  /** What was deleted, instead. */
  trash?: true;
}

export function placeFromSearch(search: Record<string, unknown>): PlaceSearch {
  const text = (key: "path" | "file") => {
    const value = search[key];
    return typeof value === "string" && value !== "" ? { [key]: value } : {};
  };
  return { ...text("path"), ...text("file"), ...(search.trash === true ? { trash: true } : {}) };
}
