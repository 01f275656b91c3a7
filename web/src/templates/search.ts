// What of a template's page is in its URL.

export interface TemplateSearch {
  /** The number of the version that is open. */
  version?: number;
  /** The number of the one that it is compared with. */
  against?: number;
  edit?: true;
}

export function templateFromSearch(search: Record<string, unknown>): TemplateSearch {
  const { version, against } = search;
  return {
    ...(typeof version === "number" ? { version } : {}),
    ...(typeof against === "number" ? { against } : {}),
    ...(search.edit === true ? { edit: true } : {}),
  };
}
