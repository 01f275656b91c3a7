// Which line of what the tasks wrote stands in the table: the way to a sweep's results.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { holdWhileComposing } from "../../ui/composition";
import classes from "./sweep.module.css";

interface Props {
  /** Null: none is shown. */
  line: "first" | "last" | null;
  /** Empty: the output. */
  file: string;
  busy: boolean;
  onShow(line: "first" | "last", file: string): void;
}

export function LineChoice({ line, file, busy, onShow }: Props) {
  const { t } = useTranslation();
  const [which, setWhich] = useState(line ?? "last");
  const [source, setSource] = useState<"output" | "file">(file ? "file" : "output");
  const [name, setName] = useState(file);
  const show = (event: FormEvent) => {
    event.preventDefault();
    onShow(which, source === "file" ? name.trim() : "");
  };
  return (
    <form className={classes.line} onSubmit={show} onKeyDown={holdWhileComposing}>
      <NativeSelect
        aria-label={t("sweep.results.which")}
        value={which}
        onChange={(event) => setWhich(event.currentTarget.value as "first" | "last")}
        data={[
          { value: "last", label: t("sweep.results.last") },
          { value: "first", label: t("sweep.results.first") },
        ]}
      />
      <NativeSelect
        aria-label={t("sweep.results.line")}
        value={source}
        onChange={(event) => setSource(event.currentTarget.value as "output" | "file")}
        data={[
          { value: "output", label: t("sweep.results.lineOutput") },
          { value: "file", label: t("sweep.results.lineFile") },
        ]}
      />
      {source === "file" && (
        <TextInput
          aria-label={t("sweep.results.file")}
          placeholder="result.txt"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      <Button
        type="submit"
        variant="default"
        loading={busy}
        disabled={source === "file" && name.trim() === ""}
      >
        {t("sweep.results.show")}
      </Button>
    </form>
  );
}
