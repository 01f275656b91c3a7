// The partition that is open stands in the URL.
export interface PartitionsSearch {
  partition?: string;
}

export function partitionsFromSearch(search: Record<string, unknown>): PartitionsSearch {
  const value = search.partition;
  return typeof value === "string" && value !== ""
    ? { partition: value }
    : typeof value === "number"
      ? { partition: String(value) }
      : {};
}
