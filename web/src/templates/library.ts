// Finding templates: by words in either language, by category, and by what one has made of them.
import type { Template } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";

export function searchTemplates(templates: Template[], words: string, category: string): Template[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return templates.filter((template) => {
    if (category && template.category !== category) return false;
    const { name, description, id, tags } = template;
    const text = [id, name.en, name.ko, description.en, description.ko, ...tags].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** Which of them: all, those that one keeps at hand, or those that one has used, the last first. */
export type Shelf = "all" | "favourite" | "recent";

export const SHELVES: readonly Shelf[] = ["all", "favourite", "recent"];

export function onShelf(templates: Template[], shelf: Shelf): Template[] {
  if (shelf === "favourite") return templates.filter(({ uses }) => uses.favourite);
  if (shelf === "all") return templates;
  const used = templates.filter(({ uses }) => uses.last_used_at);
  return used.sort((a, b) => lastUsed(b).localeCompare(lastUsed(a)));
}

/** To choose from: what one keeps at hand before all else, then what one used last. */
export function nearestFirst(templates: Template[]): Template[] {
  return [...templates].sort(
    (a, b) => Number(b.uses.favourite) - Number(a.uses.favourite) || lastUsed(b).localeCompare(lastUsed(a)),
  );
}

/** RFC 3339 in UTC, so that later ones are greater. */
function lastUsed({ uses }: Template): string {
  return uses.last_used_at ?? "";
}

export function categoriesOf(templates: Template[]): string[] {
  return [...new Set(templates.map((template) => template.category))].sort();
}

/** Categories are directories on the server: those we know have a name in each language, others their own. */
export function useCategoryName(): (category: string) => string {
  const lookUp = useLookUp();
  return (category) => lookUp(`templates.categories.${category}`) ?? category;
}
