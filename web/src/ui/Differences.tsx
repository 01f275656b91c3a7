// Two texts line by line: what the one has and the other has not.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Differences.module.css";
import { type Change, changesBetween } from "./diff";
import { useFormat } from "./format";

interface Props {
  label: string;
  before: Side;
  after: Side;
}

interface Side {
  /** What it is, beside its sign. */
  name: string;
  text: string;
}

interface Row {
  kind: "same" | "removed" | "added" | "gap";
  text: string;
}

/** Lines around a change. */
const CONTEXT = 3;
const MAX_ROWS = 1000;
const MAX_LINE_LENGTH = 1000;

export function Differences({ label, before, after }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const rows = useMemo(
    () => rowsOf(before.text.split("\n"), after.text.split("\n")),
    [before.text, after.text],
  );
  if (rows.length === 0) return <p className={classes.none}>{t("differences.none")}</p>;
  return (
    <>
      <p className={classes.legend}>
        <span data-kind="removed">− {before.name}</span>
        <span data-kind="added">+ {after.name}</span>
        {rows.length > MAX_ROWS && (
          <span>{t("differences.firstRows", { rows: format.number(MAX_ROWS) })}</span>
        )}
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
          <Line key={at} row={row} names={{ removed: before.name, added: after.name }} />
        ))}
      </div>
    </>
  );
}

const SIGNS = { same: " ", removed: "−", added: "+", gap: "⋯" } as const;

interface LineProps {
  row: Row;
  names: Record<"removed" | "added", string>;
}

function Line({ row: { kind, text }, names }: LineProps) {
  return (
    <div className={classes.line} data-kind={kind}>
      <span className={classes.sign} aria-hidden>
        {SIGNS[kind]}
      </span>
      {(kind === "removed" || kind === "added") && <span className="qd-unseen">{names[kind]}: </span>}
      {text.slice(0, MAX_LINE_LENGTH)}
    </div>
  );
}

function rowsOf(before: readonly string[], after: readonly string[]): Row[] {
  const rows: Row[] = [];
  const put = (kind: Row["kind"], lines: readonly string[]) =>
    rows.push(...lines.map((text) => ({ kind, text })));
  const changes = changesBetween(before, after);
  changes.forEach(({ removed, added }: Change, index) => {
    const behind = changes[index - 1]?.removed.to ?? 0;
    const from = Math.max(behind, removed.from - CONTEXT);
    const shown = index > 0 ? Math.min(removed.from, behind + CONTEXT) : 0;
    if (index > 0) put("same", before.slice(behind, shown));
    if (from > shown) rows.push({ kind: "gap", text: "" });
    put("same", before.slice(Math.max(from, shown), removed.from));
    // A change may be as long as the file; no more of it is shown.
    put("removed", before.slice(removed.from, Math.min(removed.to, removed.from + MAX_ROWS)));
    put("added", after.slice(added.from, Math.min(added.to, added.from + MAX_ROWS)));
    if (index === changes.length - 1) put("same", before.slice(removed.to, removed.to + CONTEXT));
  });
  return rows;
}
