// Name, role and Unix user of an account.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Account, AccountChange } from "../../api/types";
import { holdWhileComposing } from "../../ui/composition";
import { useFieldErrors } from "../../ui/field-errors";
import { ProblemNote } from "../../ui/states";
import classes from "../admin.module.css";
import { ROLES } from "./filter";
import { useChangeUser } from "./use-change-user";

const FIELDS = ["/display_name", "/unix_user"];

interface Props {
  user: Account;
  /** The administrator's own: its role is another's to change. */
  isOwn: boolean;
}

export function ChangeUser({ user, isOwn }: Props) {
  const { t } = useTranslation();
  const [displayName, setDisplayName] = useState(user.display_name);
  const [role, setRole] = useState(user.role);
  const [unixUser, setUnixUser] = useState(user.unix_user ?? "");
  const change = useChangeUser(user.id);
  const errors = useFieldErrors(change.error, FIELDS);
  const changed: AccountChange = {
    ...(displayName !== user.display_name ? { display_name: displayName } : {}),
    ...(role !== user.role ? { role } : {}),
    ...(unixUser.trim() !== (user.unix_user ?? "") ? { unix_user: unixUser.trim() || null } : {}),
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!change.isPending) change.mutate(changed);
  };
  return (
    <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
      <div className={classes.row}>
        <TextInput
          label={t("users.columns.displayName")}
          value={displayName}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
          error={errors.at("/display_name")}
        />
        <NativeSelect
          label={t("users.columns.role")}
          description={isOwn ? t("users.ownRole") : t(`users.roleHints.${role}`)}
          disabled={isOwn}
          value={role}
          onChange={(event) => setRole(ROLES.find((r) => r === event.currentTarget.value) ?? user.role)}
          data={ROLES.map((value) => ({ value, label: t(`roles.${value}`) }))}
        />
        <TextInput
          label={t("users.columns.unixUser")}
          description={t("users.unixUserHint")}
          autoCapitalize="none"
          spellCheck={false}
          value={unixUser}
          onChange={(event) => setUnixUser(event.currentTarget.value)}
          error={errors.at("/unix_user")}
        />
      </div>
      {errors.rest !== null && <ProblemNote error={errors.rest} />}
      <div className={classes.submit}>
        <Button type="submit" loading={change.isPending} disabled={Object.keys(changed).length === 0}>
          {t("common.save")}
        </Button>
      </div>
    </form>
  );
}
