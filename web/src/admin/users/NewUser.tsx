// Makes an account, for a person or for a service. A password that nobody chose is shown this once.
import { Button, Group, Modal, NativeSelect, PasswordInput, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { AccountKind, NewAccount, Role } from "../../api/types";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { OneTimeSecret } from "../../ui/OneTimeSecret";
import { ProblemNote } from "../../ui/states";
import classes from "../admin.module.css";
import { ACCOUNT_KINDS, ROLES } from "./filter";
import { userListsKey } from "./queries";

const FIELDS = ["/username", "/display_name", "/unix_user", "/password"];

export function NewUser({ onClose }: { onClose(): void }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const open = useNavigate();
  const [made, setMade] = useState<{ id: string; username: string; password: string } | null>(null);
  const show = (id: string) => {
    onClose();
    void open({ to: "/admin/users/$user", params: { user: id } });
  };
  const make = useMutation({
    mutationFn: async (body: NewAccount) => {
      const { data } = await client.POST("/api/v1/users", { body });
      return data as NonNullable<typeof data>;
    },
    onSuccess: ({ id, username, password }) => {
      void cache.invalidateQueries({ queryKey: userListsKey });
      if (password) setMade({ id, username, password });
      else show(id);
    },
    // Nothing keeps the password longer than it is shown.
    gcTime: 0,
  });
  if (made) {
    return (
      <OneTimeSecret
        title={t("users.made", { user: made.username })}
        label={t("users.password")}
        secret={made.password}
        onClose={() => show(made.id)}
      >
        <p className={classes.note}>{t("users.tellPassword", { user: made.username })}</p>
      </OneTimeSecret>
    );
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("users.new")}
      size="lg"
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <NewUserForm
        busy={make.isPending}
        error={make.error}
        onSubmit={(account) => make.mutate(account)}
        onCancel={onClose}
      />
    </Modal>
  );
}

interface FormProps {
  busy: boolean;
  error: unknown;
  onSubmit(account: NewAccount): void;
  onCancel(): void;
}

function NewUserForm({ busy, error, onSubmit, onCancel }: FormProps) {
  const { t } = useTranslation();
  const [kind, setKind] = useState<AccountKind>("person");
  const [username, setUsername] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [role, setRole] = useState<Role>("user");
  /** `null`: the one of the same name. */
  const [unixUser, setUnixUser] = useState<string | null>(null);
  const [ownPassword, setOwnPassword] = useState(false);
  const [password, setPassword] = useState("");
  const errors = useFieldErrors(error, FIELDS);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    onSubmit({
      username: username.trim(),
      role,
      kind,
      unix_user: (unixUser ?? username).trim() || null,
      ...(displayName.trim() ? { display_name: displayName.trim() } : {}),
      ...(kind === "person" && ownPassword ? { password } : {}),
    });
  };
  return (
    <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
      <NativeSelect
        label={t("users.columns.kind")}
        description={t(`users.kindHints.${kind}`)}
        value={kind}
        onChange={(event) => setKind(ACCOUNT_KINDS.find((k) => k === event.currentTarget.value) ?? "person")}
        data={ACCOUNT_KINDS.map((value) => ({ value, label: t(`users.kinds.${value}`) }))}
      />
      <div className={classes.row}>
        <TextInput
          label={t("users.columns.username")}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          withAsterisk={false}
          data-autofocus
          value={username}
          onChange={(event) => setUsername(event.currentTarget.value)}
          error={errors.at("/username")}
        />
        <TextInput
          label={t("users.columns.displayName")}
          placeholder={username}
          autoComplete="off"
          value={displayName}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
          error={errors.at("/display_name")}
        />
      </div>
      <div className={classes.row}>
        <NativeSelect
          label={t("users.columns.role")}
          description={t(`users.roleHints.${role}`)}
          value={role}
          onChange={(event) => setRole(ROLES.find((r) => r === event.currentTarget.value) ?? "user")}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
        />
        <TextInput
          label={t("users.columns.unixUser")}
          description={t("users.unixUserHint")}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={unixUser ?? username}
          onChange={(event) => setUnixUser(event.currentTarget.value)}
          error={errors.at("/unix_user")}
        />
      </div>
      {kind === "person" && (
        <Switch
          size="xs"
          label={t("users.makePassword")}
          checked={!ownPassword}
          onChange={(event) => setOwnPassword(!event.currentTarget.checked)}
        />
      )}
      {kind === "person" && ownPassword && (
        <PasswordInput
          label={t("users.password")}
          description={t("password.rule")}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={errors.at("/password")}
          visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
        />
      )}
      {errors.rest !== null && <ProblemNote error={errors.rest} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button type="submit" loading={busy}>
          {t("users.make")}
        </Button>
      </Group>
    </form>
  );
}
