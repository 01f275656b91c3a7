// Makes a key: what it is called, what it may do, until when. Then the key itself, this once.
import { Button, Group, Modal, NativeSelect, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CreatedKey, NewApiKey } from "../api/types";
import { CodeView } from "../ui/CodeView";
import { holdWhileComposing } from "../ui/composition";
import { useFieldErrors } from "../ui/field-errors";
import { OneTimeSecret } from "../ui/OneTimeSecret";
import { ProblemNote } from "../ui/states";
import { DAYS, type Expiry, endOf, localDay } from "./expiry";
import classes from "./keys.module.css";
import { ScopeGrid } from "./ScopeGrid";

const FIELDS = ["/name", "/scopes", "/expires_at"];

interface Props {
  /** What the owner's role allows. */
  scopes: readonly string[];
  create(key: NewApiKey): Promise<CreatedKey>;
  onCreated(): void;
  onClose(): void;
}

export function NewKey({ scopes, create, onCreated, onClose }: Props) {
  const { t } = useTranslation();
  const [created, setCreated] = useState<CreatedKey | null>(null);
  if (created) {
    // The key itself would stay in the shell's history.
    const used = [
      "read -rs QUARTERDECK_KEY",
      'curl -H "Authorization: Bearer $QUARTERDECK_KEY" \\',
      `  ${location.origin}/api/v1/auth/me`,
    ].join("\n");
    return (
      <OneTimeSecret
        title={t("keys.created", { name: created.name })}
        label={t("keys.one")}
        secret={created.key}
        onClose={onClose}
      >
        <p style={{ margin: "0 0 6px", fontSize: "0.8125rem" }}>{t("keys.howToUse")}</p>
        <CodeView code={used} label={t("keys.howToUse")} />
      </OneTimeSecret>
    );
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("keys.new")}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <KeyForm
        scopes={scopes}
        create={create}
        onCreated={(key) => {
          setCreated(key);
          onCreated();
        }}
        onCancel={onClose}
      />
    </Modal>
  );
}

interface FormProps {
  scopes: readonly string[];
  create(key: NewApiKey): Promise<CreatedKey>;
  onCreated(key: CreatedKey): void;
  onCancel(): void;
}

function KeyForm({ scopes: offered, create, onCreated, onCancel }: FormProps) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[]>([]);
  const [expiry, setExpiry] = useState<Expiry>({ days: 90, date: "" });
  // Nothing keeps the key longer than it is shown.
  const make = useMutation({ mutationFn: create, onSuccess: onCreated, gcTime: 0 });
  const errors = useFieldErrors(make.error, FIELDS);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!make.isPending) make.mutate({ name, scopes, expires_at: endOf(expiry, Date.now()) });
  };
  return (
    <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
      <TextInput
        label={t("keys.columns.name")}
        description={t("keys.nameHint")}
        maxLength={100}
        required
        withAsterisk={false}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={errors.at("/name")}
      />
      <ScopeGrid offered={offered} value={scopes} onChange={setScopes} error={errors.at("/scopes")} />
      <div className={classes.expiry}>
        <NativeSelect
          label={t("keys.columns.ends")}
          value={expiry.days === null ? "date" : String(expiry.days)}
          onChange={(event) => {
            const { value } = event.currentTarget;
            setExpiry({ ...expiry, days: value === "date" ? null : Number(value) });
          }}
          data={[
            ...DAYS.map((days) => ({ value: String(days), label: t("keys.inDays", { count: days }) })),
            { value: "date", label: t("keys.onDate") },
          ]}
          error={errors.at("/expires_at")}
        />
        {expiry.days === null && (
          <TextInput
            type="date"
            label={t("keys.date")}
            required
            withAsterisk={false}
            min={localDay(Date.now())}
            value={expiry.date}
            onChange={(event) => setExpiry({ ...expiry, date: event.currentTarget.value })}
          />
        )}
      </div>
      {errors.rest !== null && <ProblemNote error={errors.rest} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button type="submit" loading={make.isPending}>
          {t("keys.create")}
        </Button>
      </Group>
    </form>
  );
}
