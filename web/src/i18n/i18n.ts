// Languages: Korean and English, each loaded when it is first used, and of each first what a first visit shows.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Text } from "../api/types";
import type { en } from "./en/index";
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
  en: {
    first: () => import("./en/first").then((module) => module.first),
    rest: () => import("./en/rest").then((module) => module.rest),
  },
  ko: {
    first: () => import("./ko/first").then((module) => module.first),
    rest: () => import("./ko/rest").then((module) => module.rest),
  },
};
let withRest = false;
const complete = new Set<Language>();

export async function startI18n(): Promise<void> {
  const language = preferred();
  await i18next
    .use(initReactI18next)
    .use(particles)
    .init({
      lng: language,
      fallbackLng: false,
      supportedLngs: [...LANGUAGES],
      resources: { [language]: { translation: await messages[language].first() } },
      // React escapes already.
      interpolation: { escapeValue: false },
      postProcess: [particles.name],
      react: { useSuspense: false },
      // An advertisement on everybody's console otherwise.
      showSupportNotice: false,
    });
  document.documentElement.lang = language;
}

/** What every page needs but signing in and the overview. */
export async function loadRest(): Promise<void> {
  withRest = true;
  const language = i18next.resolvedLanguage;
  if (isLanguage(language)) await addRest(language);
}

export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation"))
    i18next.addResourceBundle(language, "translation", await messages[language].first());
  if (withRest) await addRest(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  localStorage.setItem(STORED, language);
}

async function addRest(language: Language): Promise<void> {
  const rest = await messages[language].rest();
  if (complete.has(language)) return;
  complete.add(language);
  i18next.addResourceBundle(language, "translation", rest, true);
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

function isLanguage(value: string | null | undefined): value is Language {
  return (LANGUAGES as readonly unknown[]).includes(value);
}
