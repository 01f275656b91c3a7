// Finding templates: by words in either language, and by category.
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

export function categoriesOf(templates: Template[]): string[] {
  return [...new Set(templates.map((template) => template.category))].sort();
}

/** Categories are directories on the server: those we know have a name in each language, others their own. */
export function useCategoryName(): (category: string) => string {
  const lookUp = useLookUp();
  return (category) => lookUp(`templates.categories.${category}`) ?? category;
}
