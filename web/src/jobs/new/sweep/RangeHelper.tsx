// Fills a column with a range or a list, each value with every row that is there.
import { Button, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../../ui/format";
import type { ColumnChoice } from "./SweepPart";
import classes from "./sweep.module.css";
import { listOf, multiply, rangeOf, type SweepForm } from "./sweep-form";

interface Props {
  columns: readonly ColumnChoice[];
  sweep: SweepForm;
  onChange(sweep: SweepForm): void;
}

export function RangeHelper({ columns, sweep, onChange }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [chosen, setChosen] = useState("");
  const [kind, setKind] = useState<"range" | "list">("range");
  const [range, setRange] = useState({ from: "", to: "", step: "1" });
  const [list, setList] = useState("");
  const column = columns.some(({ value }) => value === chosen) ? chosen : (columns[0]?.value ?? "");
  const values = kind === "range" ? rangeOf(range.from, range.to, range.step) : listOf(list);
  const filled = column && values && values.length > 0 ? multiply(sweep, column, values) : null;
  const number = (name: "from" | "to" | "step") => (
    <TextInput
      size="xs"
      label={t(`sweep.range.${name}`)}
      inputMode="decimal"
      value={range[name]}
      onChange={(event) => setRange({ ...range, [name]: event.currentTarget.value })}
    />
  );
  const told = () => {
    if (values === null) return range.from && range.to ? t("sweep.range.wrong") : "";
    if (values.length === 0) return "";
    if (!filled) return t("sweep.range.tooMany");
    return t("sweep.range.makes", {
      count: filled.rows.length,
      formatted: format.number(filled.rows.length),
    });
  };
  return (
    <fieldset className={classes.range}>
      <legend>{t("sweep.range.title")}</legend>
      <NativeSelect
        size="xs"
        label={t("sweep.range.column")}
        value={column}
        onChange={(event) => setChosen(event.currentTarget.value)}
        data={[...columns]}
      />
      <SegmentedControl
        size="xs"
        aria-label={t("sweep.range.kind")}
        value={kind}
        onChange={(next) => setKind(next as "range" | "list")}
        data={[
          { value: "range", label: t("sweep.range.numbers") },
          { value: "list", label: t("sweep.range.list") },
        ]}
      />
      {kind === "range" ? (
        <>
          {number("from")}
          {number("to")}
          {number("step")}
        </>
      ) : (
        <TextInput
          size="xs"
          className={classes.list}
          label={t("sweep.range.values")}
          placeholder="10, 20, 50"
          value={list}
          onChange={(event) => setList(event.currentTarget.value)}
        />
      )}
      <Button size="xs" variant="light" disabled={!filled} onClick={() => filled && onChange(filled)}>
        {t("sweep.range.fill")}
      </Button>
      <p className={classes.told} role="status">
        {told()}
      </p>
    </fieldset>
  );
}
