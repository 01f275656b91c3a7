// Languages: Korean and English, each loaded when it is first used.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Text } from "../api/types";
import type { en } from "./en";
import { particles } from "./particles";

declare module "i18next" {
  interface CustomTypeOptions {
    resources: { translation: typeof en };
  }
}

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Each language in its own words, so that people find theirs whichever is set. */
export const LANGUAGE_NAMES = { ko: "한국어", en: "English" } as const;

const STORED = "quarterdeck.language";
const messages = {
  en: () => import("./en").then((module) => module.en),
  ko: () => import("./ko").then((module) => module.ko),
};

export async function startI18n(): Promise<void> {
  const language = preferred();
  await i18next
    .use(initReactI18next)
    .use(particles)
    .init({
      lng: language,
      fallbackLng: false,
      supportedLngs: [...LANGUAGES],
      resources: { [language]: { translation: await messages[language]() } },
      // React escapes already.
      interpolation: { escapeValue: false },
      postProcess: [particles.name],
      react: { useSuspense: false },
      // An advertisement on everybody's console otherwise.
      showSupportNotice: false,
    });
  document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation"))
    i18next.addResourceBundle(language, "translation", await messages[language]());
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  localStorage.setItem(STORED, language);
}

/** Text that comes in both languages (templates and their parameters), in the reader's. */
export function textIn(text: Text | null | undefined, language: string | undefined): string {
  if (!text) return "";
  const [first, second] = language === "ko" ? [text.ko, text.en] : [text.en, text.ko];
  return first || second;
}

function preferred(): Language {
  const stored = localStorage.getItem(STORED);
  if (isLanguage(stored)) return stored;
  for (const wanted of navigator.languages ?? []) {
    const base = wanted.split("-")[0] ?? "";
    if (isLanguage(base)) return base;
  }
  return "en";
}

function isLanguage(value: string | null): value is Language {
  return (LANGUAGES as readonly (string | null)[]).includes(value);
}
