// The permission bits of one or several entries as a table of boxes, and in octal.
import { Checkbox } from "@mantine/core";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { FileEntry } from "../../api/types";
import { bitOf, CLASSES, checkOf, DEEDS, granted, modeText, octalOf, turned, type Wish } from "./mode";
import classes from "./permissions.module.css";

interface BitsProps {
  entries: readonly FileEntry[];
  /** Theirs, in the same order. */
  modes: readonly number[];
  wish: Wish;
  onChange(wish: Wish): void;
}

export function Bits({ entries, modes, wish, onChange }: BitsProps) {
  const { t } = useTranslation();
  const octal = useId();
  const asked = modes.map((mode) => granted(mode, wish));
  const [first = 0] = asked;
  const isSame = asked.every((mode) => mode === first);
  const execute = useExecute(entries);
  const deedName = (deed: (typeof DEEDS)[number]) =>
    deed === "execute" ? execute : t(`permissions.deeds.${deed}`);
  return (
    <>
      <table className={classes.bits}>
        <DeedHeads execute={execute} />
        <tbody>
          {CLASSES.map((who) => (
            <tr key={who}>
              <th scope="row">{t(`permissions.classes.${who}`)}</th>
              {DEEDS.map((deed) => {
                const check = checkOf(asked, bitOf(who, deed));
                return (
                  <td key={deed}>
                    <Checkbox
                      size="sm"
                      aria-label={`${t(`permissions.classes.${who}`)}: ${deedName(deed)}`}
                      checked={check === "on"}
                      indeterminate={check === "mixed"}
                      onChange={() => onChange(turned(modes, wish, bitOf(who, deed)))}
                    />
                  </td>
                );
              })}
              <td />
            </tr>
          ))}
        </tbody>
      </table>
      <p className={classes.octal}>
        <span id={octal}>{t("permissions.octal")}</span>
        <output aria-labelledby={octal} className="qd-mono">
          {isSame ? `${octalOf(first)} ${modeText(first)}` : t("permissions.differ")}
        </output>
      </p>
    </>
  );
}

/** The first line of a table of rights; its last column has room for what takes somebody out of it. */
export function DeedHeads({ execute }: { execute: string }) {
  const { t } = useTranslation();
  return (
    <thead>
      <tr>
        <td />
        {DEEDS.map((deed) => (
          <th key={deed} scope="col" className={classes.deed}>
            {deed === "execute" ? execute : t(`permissions.deeds.${deed}`)}
          </th>
        ))}
        <td className={classes.takeAway} />
      </tr>
    </thead>
  );
}

/** What the third deed is called: to execute a file, to enter a directory. */
export function useExecute(entries: readonly FileEntry[]): string {
  const { t } = useTranslation();
  const kinds = new Set(entries.map(({ kind }) => kind));
  if (kinds.size > 1) return t("permissions.executeOrEnter");
  return kinds.has("directory") ? t("permissions.enter") : t("permissions.deeds.execute");
}
