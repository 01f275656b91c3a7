// What a browser remembers of the list of jobs: filters under names, and which columns are shown.
import { filterFromSearch, type JobFilter } from "./filter";

export interface SavedFilter {
  name: string;
  filter: JobFilter;
}

const FILTERS = "quarterdeck.job-filters";
const HIDDEN = "quarterdeck.job-columns-hidden";
/** More are no help to find one. */
const MOST = 30;

export function savedFilters(): SavedFilter[] {
  return read(FILTERS).flatMap((value) => {
    const { name, filter } = (value ?? {}) as Partial<SavedFilter>;
    if (typeof name !== "string" || name === "" || typeof filter !== "object") return [];
    return [{ name, filter: filterFromSearch({ ...filter }) }];
  });
}

/** The newest of a name counts. */
export function saveFilter(name: string, filter: JobFilter): SavedFilter[] {
  const others = savedFilters().filter((saved) => saved.name !== name);
  return keep([...others, { name, filter }].slice(-MOST));
}

export function forgetFilter(name: string): SavedFilter[] {
  return keep(savedFilters().filter((saved) => saved.name !== name));
}

export function hiddenColumns(): string[] {
  return read(HIDDEN).filter((id): id is string => typeof id === "string");
}

export function hideColumns(ids: string[]): void {
  localStorage.setItem(HIDDEN, JSON.stringify(ids));
}

function keep(filters: SavedFilter[]): SavedFilter[] {
  localStorage.setItem(FILTERS, JSON.stringify(filters));
  return filters;
}

function read(key: string): unknown[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
