// Renders a part of the page as main.tsx would, in the language asked for.
import { MantineProvider } from "@mantine/core";
import { render } from "@testing-library/react";
import { createInstance } from "i18next";
import type { ReactNode } from "react";
import { I18nextProvider, initReactI18next } from "react-i18next";
import { en } from "../i18n/en/index";
import { ko } from "../i18n/ko/index";
import { theme } from "../ui/theme";

export function renderPart(part: ReactNode, language: "en" | "ko" = "en") {
  return render(
    <I18nextProvider i18n={i18nFor(language)}>
      <MantineProvider theme={theme} env="test">
        {part}
      </MantineProvider>
    </I18nextProvider>,
  );
}

export function i18nFor(language: "en" | "ko") {
  const i18n = createInstance();
  void i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { en: { translation: en }, ko: { translation: ko } },
    interpolation: { escapeValue: false },
    initAsync: false,
    showSupportNotice: false,
  });
  return i18n;
}
