// Makes templates of one's own of files from the person's disk: what the server says of each is seen first.
import { Button, Group, Modal, TextInput } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../../api/problem";
import { useText } from "../../i18n/use-text";
import { ProblemNote } from "../../ui/states";
import { libraryChanged } from "../queries";
import { type Brought, bring, type Conversion, isZip, look, unpack, withParameters } from "./bring";
import { OfWhat, Variables } from "./Converted";
import classes from "./own.module.css";
import { isId } from "./text";
import { Faults } from "./Verdict";

export function ImportTemplates() {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [files, setFiles] = useState<File[] | null>(null);
  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={15} />} onClick={() => input.current?.click()}>
        {t("templates.import.open")}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept=".yaml,.yml,application/yaml,.zip,application/zip,.erb,.sh,.sbatch,.slurm,.batch,.job,text/x-shellscript"
        aria-label={t("templates.import.files")}
        onChange={({ currentTarget }) => {
          if (currentTarget.files?.length) setFiles([...currentTarget.files]);
          // So that the same file can be chosen again.
          currentTarget.value = "";
        }}
      />
      {files && <ImportDialog files={files} onClose={() => setFiles(null)} />}
    </>
  );
}

function ImportDialog({ files, onClose }: { files: File[]; onClose(): void }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [rows, setRows] = useState<Brought[]>(() => files.map((file) => ({ file, state: "looking" })));
  const [isBusy, setIsBusy] = useState(false);
  const put = (row: Brought) =>
    setRows((before) => before.map((other) => (other.file === row.file ? row : other)));
  const lookInto = async (zip: File, signal: AbortSignal) => {
    const unpacked = await unpack(zip);
    if (signal.aborted) return;
    setRows((before) => before.flatMap((row) => (row.file === zip ? unpacked : [row])));
    for (const { file, state } of unpacked) {
      if (state === "looking" && !signal.aborted) put(await look(file));
    }
  };
  const lookAll = useEffectEvent(async (signal: AbortSignal) => {
    // One after the other: a hundred files are not a hundred requests at once.
    for (const file of files) {
      if (signal.aborted) return;
      if (isZip(file)) await lookInto(file, signal);
      else put(await look(file));
    }
  });
  useEffect(() => {
    const closed = new AbortController();
    void lookAll(closed.signal);
    return () => closed.abort();
  }, []);
  const ready = rows.filter(
    ({ state, otherId }) => state === "good" || (state === "taken" && isId(otherId ?? "")),
  );
  const isLooking = rows.some(({ state }) => state === "looking");
  const importAll = async () => {
    setIsBusy(true);
    for (const row of ready) put(await bring(row));
    libraryChanged(cache);
    setIsBusy(false);
  };
  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={t("templates.import.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <ul className={classes.brought} aria-label={t("templates.import.files")}>
        {rows.map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: files of the same name may be chosen, and none goes
          <li key={index}>
            <Row row={row} isFixed={isBusy} onChange={put} />
          </li>
        ))}
      </ul>
      <p className={classes.hint}>{t("templates.import.hint")}</p>
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t("common.close")}
        </Button>
        {(ready.length > 0 || isLooking) && (
          <Button loading={isBusy || isLooking} onClick={() => void importAll()}>
            {t("templates.import.deed", { count: ready.length })}
          </Button>
        )}
      </Group>
    </Modal>
  );
}

interface RowProps {
  row: Brought;
  /** It is being imported as it stands. */
  isFixed: boolean;
  onChange(row: Brought): void;
}

function Row({ row, isFixed, onChange }: RowProps) {
  const { t } = useTranslation();
  const text = useText();
  const { file, state, template, converted, error, otherId = "" } = row;
  const errors = error ? asProblem(error).errors : [];
  const turn = useRef(0);
  const askFor = async (before: Conversion, parameters: string[]) => {
    turn.current += 1;
    const mine = turn.current;
    // What was ticked stands at once, and stays to be taken back where the server says no.
    const wanted = withParameters(before, parameters);
    onChange({ ...row, state: "looking", converted: wanted });
    const looked = await look(file, parameters);
    if (mine === turn.current) onChange({ converted: wanted, ...looked });
  };
  return (
    <>
      <strong className="qd-mono">{file.name}</strong>{" "}
      <span role="status">
        {state === "looking" && t("templates.own.checking")}
        {state === "good" && template && (
          <>
            {converted && <OfWhat of={converted.of} />}
            {text(template.name)} <span className="qd-mono">{`${template.id}@${template.version}`}</span>
          </>
        )}
        {state === "made" && template && (
          <span className={classes.made}>
            {t("templates.import.made")}{" "}
            <Link to="/templates/$template" params={{ template: template.id }} className="qd-link">
              {text(template.name)}
            </Link>
          </span>
        )}
        {state === "unreadable" && <span className={classes.wrong}>{t("templates.import.unreadable")}</span>}
        {state === "faulty" &&
          (errors.length > 0 ? <Faults errors={errors} /> : <ProblemNote error={error} />)}
        {state === "taken" && template && (
          <span className={classes.wrong}>{t("templates.import.taken", { id: template.id })}</span>
        )}
      </span>
      {converted && (state === "good" || state === "looking" || state === "faulty") && (
        <Variables
          converted={converted}
          isFixed={isFixed}
          onChange={(parameters) => void askFor(converted, parameters)}
        />
      )}
      {state === "taken" && (
        <TextInput
          mt={4}
          maw={320}
          label={t("templates.own.newId")}
          value={otherId}
          maxLength={64}
          disabled={isFixed}
          error={otherId === "" || isId(otherId) ? null : t("templates.own.noId")}
          onChange={(event) => onChange({ ...row, otherId: event.currentTarget.value })}
        />
      )}
    </>
  );
}
