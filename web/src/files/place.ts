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
}

export function placeFromSearch(search: Record<string, unknown>): PlaceSearch {
  const text = (key: "path" | "file") => {
    const value = search[key];
    return typeof value === "string" && value !== "" ? { [key]: value } : {};
  };
  const flag = (key: "edit" | "trash") => (search[key] === true ? { [key]: true } : {});
  return { ...text("path"), ...text("file"), ...flag("edit"), ...flag("trash") };
}
