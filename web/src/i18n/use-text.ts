// Two-language texts of templates, inside React.
import { useTranslation } from "react-i18next";
import type { Text } from "../api/types";
import { textIn } from "./i18n";

export function useText(): (text: Text | null | undefined) => string {
  const { i18n } = useTranslation();
  return (text) => textIn(text, i18n.resolvedLanguage);
}
