// Permissions in words.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { bitOf, CLASSES, DEEDS, modeOf, reachOf } from "./mode";

export interface PermissionWords {
  /** Class by class: "owner: read, write; group: read; others: nothing". */
  each(octal: string, isDirectory: boolean): string;
  /** What it means: "Everybody on the cluster can read it." */
  meaning(mode: number, isDirectory: boolean): string;
}

export function usePermissionWords(): PermissionWords {
  const { t, i18n } = useTranslation();
  const language = i18n.resolvedLanguage ?? "en";
  return useMemo(() => {
    const list = new Intl.ListFormat(language, { type: "conjunction" });
    const plain = new Intl.ListFormat(language, { type: "unit", style: "short" });
    return {
      each(octal, isDirectory) {
        const mode = modeOf(octal);
        return CLASSES.map((who) => {
          const deeds = DEEDS.filter((deed) => mode & bitOf(who, deed)).map((deed) =>
            isDirectory && deed === "execute" ? t("permissions.enter") : t(`permissions.deeds.${deed}`),
          );
          const what = deeds.length > 0 ? plain.format(deeds) : t("permissions.nothing");
          return `${t(`permissions.classes.${who}`)}: ${what}`;
        }).join("; ");
      },
      meaning(mode, isDirectory) {
        return reachOf(mode, isDirectory)
          .map(({ who, deeds }) => {
            if (deeds.length === 0) return t("permissions.nobody");
            const what = deeds.map((deed) =>
              isDirectory ? t(`permissions.inDirectory.${deed}`) : t(`permissions.withFile.${deed}`),
            );
            return t(`permissions.reach.${who}`, { deeds: list.format(what) });
          })
          .join(" ");
      },
    };
  }, [t, language]);
}
