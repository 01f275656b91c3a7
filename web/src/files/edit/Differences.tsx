// Two texts line by line: what the one has and the other has not.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../ui/format";
import { type Change, changesBetween } from "./diff";
import classes from "./edit.module.css";

interface Props {
  label: string;
  /** As the file is on the disk. */
  theirs: string;
  mine: string;
}

interface Row {
  kind: "same" | "theirs" | "mine" | "gap";
  text: string;
}

/** Lines around a change. */
const CONTEXT = 3;
const MAX_ROWS = 1000;
const MAX_LINE_LENGTH = 1000;

export function Differences({ label, theirs, mine }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = useMemo(() => rowsOf(theirs.split("\n"), mine.split("\n")), [theirs, mine]);
  if (rows.length === 0) return <p className={classes.words}>{t("fileEdit.noDifference")}</p>;
  return (
    <>
      <p className={classes.legend}>
        <span data-kind="theirs">− {t("fileEdit.onDisk")}</span>
        <span data-kind="mine">+ {t("fileEdit.mine")}</span>
        {rows.length > MAX_ROWS && <span>{t("fileEdit.firstRows", { rows: format.number(MAX_ROWS) })}</span>}
      </p>
      <div
        className={classes.differences}
        role="document"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
      >
        {rows.slice(0, MAX_ROWS).map((row, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing else that tells them apart
          <Line key={at} row={row} />
        ))}
      </div>
    </>
  );
}

const SIGNS = { same: " ", theirs: "−", mine: "+", gap: "⋯" } as const;

function Line({ row: { kind, text } }: { row: Row }) {
  const { t } = useTranslation();
  return (
    <div className={classes.line} data-kind={kind}>
      <span className={classes.sign} aria-hidden>
        {SIGNS[kind]}
      </span>
      {kind === "theirs" && <span className="qd-unseen">{t("fileEdit.onDisk")}: </span>}
      {kind === "mine" && <span className="qd-unseen">{t("fileEdit.mine")}: </span>}
      {text.slice(0, MAX_LINE_LENGTH)}
    </div>
  );
}

function rowsOf(theirs: readonly string[], mine: readonly string[]): Row[] {
  const rows: Row[] = [];
  const put = (kind: Row["kind"], lines: readonly string[]) =>
    rows.push(...lines.map((text) => ({ kind, text })));
  const changes = changesBetween(theirs, mine);
  changes.forEach(({ removed, added }: Change, index) => {
    const behind = changes[index - 1]?.removed.to ?? 0;
    const from = Math.max(behind, removed.from - CONTEXT);
    const shown = index > 0 ? Math.min(removed.from, behind + CONTEXT) : 0;
    if (index > 0) put("same", theirs.slice(behind, shown));
    if (from > shown) rows.push({ kind: "gap", text: "" });
    put("same", theirs.slice(Math.max(from, shown), removed.from));
    // A change may be as long as the file; no more of it is shown.
    put("theirs", theirs.slice(removed.from, Math.min(removed.to, removed.from + MAX_ROWS)));
    put("mine", mine.slice(added.from, Math.min(added.to, added.from + MAX_ROWS)));
    if (index === changes.length - 1) put("same", theirs.slice(removed.to, removed.to + CONTEXT));
  });
  return rows;
}
