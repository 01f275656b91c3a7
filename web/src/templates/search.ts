// What of a template's page is in its URL.

export interface TemplateSearch {
  /** The number of the version that is open. */
  version?: number | undefined;
  /** The number of the one that it is compared with. */
  against?: number | undefined;
  edit?: true | undefined;
}

export function templateFromSearch({ version, against, edit }: Record<string, unknown>): TemplateSearch {
  return { version: numberOf(version), against: numberOf(against), edit: edit === true || undefined };
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
