// Words for codes that come from outside (states, reasons, categories), which may be newer than this page.
import { useCallback } from "react";
import { useTranslation } from "react-i18next";

/** Answers `null` for a key that does not exist. */
export type LookUp = (key: string, params?: Record<string, unknown>) => string | null;

export function useLookUp(): LookUp {
  const { t, i18n } = useTranslation();
  return useCallback(
    (key, params = {}) => (i18n.exists(key) ? String(t(key as never, params as never)) : null),
    [t, i18n],
  );
}
