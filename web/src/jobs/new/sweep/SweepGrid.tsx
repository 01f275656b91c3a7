// The table of a sweep to type into: arrows and Enter walk between rows, and what comes from a spreadsheet is laid over it.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ClipboardEvent, type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Template } from "../../../api/types";
import { useText } from "../../../i18n/use-text";
import { useProblemText } from "../../../ui/problem-text";
import classes from "./sweep.module.css";
import {
  cellKey,
  pasteAt,
  removeColumn,
  removeRow,
  type SweepFaults,
  type SweepForm,
  setCell,
} from "./sweep-form";

interface Props {
  sweep: SweepForm;
  template: Template | null;
  labelOf(column: string): string;
  faults: SweepFaults;
  onChange(sweep: SweepForm): void;
}

/** As in sweep.module.css. */
const ROW_HEIGHT = 32;

export function SweepGrid({ sweep, template, labelOf, faults, onChange }: Props) {
  const { t } = useTranslation();
  const text = useText();
  const problemText = useProblemText();
  const frame = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: sweep.rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 20,
  });
  const items = virtualizer.getVirtualItems();

  const focusCell = (row: number, column: number) => {
    virtualizer.scrollToIndex(row);
    requestAnimationFrame(() =>
      frame.current?.querySelector<HTMLElement>(`[data-cell="${cellKey(row, column)}"]`)?.focus(),
    );
  };
  const walk = (event: KeyboardEvent, row: number, column: number) => {
    // In a choice, arrows are its own; while Hangul is composed, Enter is.
    if (event.nativeEvent.isComposing || (event.target as HTMLElement).tagName === "SELECT") return;
    const step = event.key === "ArrowDown" || event.key === "Enter" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = row + step;
    if (next < 0 || next >= sweep.rows.length) return;
    focusCell(next, column);
  };
  const paste = (event: ClipboardEvent, row: number, column: number) => {
    const pasted = pasteAt(sweep, row, column, event.clipboardData.getData("text/plain"));
    if (!pasted) return;
    event.preventDefault();
    onChange(pasted);
  };

  return (
    <div ref={frame} className={classes.grid}>
      <table aria-label={t("sweep.table")} aria-rowcount={sweep.rows.length + 1}>
        <thead>
          <tr>
            <th scope="col" className={classes.number}>
              {t("sweep.row")}
            </th>
            {sweep.columns.map((name, column) => {
              const fault = faults.columns.get(column);
              return (
                <th key={name} scope="col" data-faulty={fault ? true : undefined}>
                  <span className={classes.header}>
                    <span title={name}>{labelOf(name)}</span>
                    <ActionIcon
                      variant="subtle"
                      size="xs"
                      color="gray"
                      aria-label={t("sweep.removeColumn", { name: labelOf(name) })}
                      onClick={() => onChange(removeColumn(sweep, column))}
                    >
                      <IconX size={12} />
                    </ActionIcon>
                  </span>
                  {fault && <span className={classes.error}>{problemText.field(fault)}</span>}
                </th>
              );
            })}
            <th className={classes.number}>
              <span className={classes.hidden}>{t("sweep.remove")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {(items[0]?.start ?? 0) > 0 && <tr aria-hidden style={{ height: items[0]?.start }} />}
          {items.map(({ index: row }) => (
            <tr key={row} aria-rowindex={row + 2}>
              <th scope="row" className={classes.number}>
                {row + 1}
              </th>
              {sweep.columns.map((name, column) => {
                const fault = faults.cells.get(cellKey(row, column));
                const words = fault && problemText.field(fault);
                const parameter = template?.parameters.find((parameter) => parameter.name === name);
                const common = {
                  "data-cell": cellKey(row, column),
                  "aria-label": t("sweep.cell", { row: row + 1, column: labelOf(name) }),
                  "aria-invalid": fault ? true : undefined,
                  value: sweep.rows[row]?.[column] ?? "",
                  onKeyDown: (event: KeyboardEvent) => walk(event, row, column),
                  onPaste: (event: ClipboardEvent) => paste(event, row, column),
                };
                const set = (value: string) => onChange(setCell(sweep, row, column, value));
                return (
                  <td key={name} data-faulty={fault ? true : undefined}>
                    <Tooltip
                      label={words}
                      disabled={!words}
                      events={{ hover: true, focus: true, touch: true }}
                    >
                      {parameter?.type === "choice" && isChoice(parameter, common.value) ? (
                        <select {...common} onChange={(event) => set(event.currentTarget.value)}>
                          <option value="">{""}</option>
                          {parameter.choices.map((choice) => (
                            <option key={choice.value} value={choice.value}>
                              {text(choice.label)}
                            </option>
                          ))}
                        </select>
                      ) : (
                        <input
                          {...common}
                          type="text"
                          autoComplete="off"
                          spellCheck={false}
                          placeholder={presetOf(parameter)}
                          onChange={(event) => set(event.currentTarget.value)}
                        />
                      )}
                    </Tooltip>
                  </td>
                );
              })}
              <td className={classes.number}>
                <ActionIcon
                  variant="subtle"
                  size="xs"
                  color="gray"
                  aria-label={t("sweep.removeRow", { row: row + 1 })}
                  onClick={() => onChange(removeRow(sweep, row))}
                >
                  <IconX size={12} />
                </ActionIcon>
              </td>
            </tr>
          ))}
          {items.length > 0 && (
            <tr aria-hidden style={{ height: virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) }} />
          )}
        </tbody>
      </table>
    </div>
  );
}

type Parameter = Template["parameters"][number];

/** What was imported may be none of the choices: it stays to be corrected. */
function isChoice(parameter: Parameter, value: string): boolean {
  return value === "" || parameter.choices.some((choice) => choice.value === value);
}

/** What an empty cell means. */
function presetOf(parameter: Parameter | undefined): string {
  const { default: preset } = (parameter ?? {}) as { default?: unknown };
  return preset === null || preset === undefined ? "" : String(preset);
}
