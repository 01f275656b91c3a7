// Chooses a new password.
import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../api/client";
import { useUser } from "../auth/use-session";
import { holdWhileComposing } from "../ui/composition";
import { useFieldErrors } from "../ui/field-errors";
import { Panel } from "../ui/Panel";
import { ProblemNote } from "../ui/states";
import classes from "./account.module.css";
import { sessionsQuery } from "./queries";

const FIELDS = ["/current_password", "/new_password"];

export function Password() {
  const { t } = useTranslation();
  const user = useUser();
  const cache = useQueryClient();
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation({
    mutationFn: () =>
      client.POST("/api/v1/auth/password", { body: { current_password: present, new_password: next } }),
    onSuccess: () => {
      setPresent("");
      setNext("");
      return cache.invalidateQueries({ queryKey: sessionsQuery.queryKey });
    },
  });
  const errors = useFieldErrors(change.error, FIELDS);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!change.isPending) change.mutate();
  };
  const toggle = { "aria-label": t("signIn.showPassword") };
  return (
    <Panel title={t("password.title")} className={classes.narrow}>
      <form className={classes.form} onSubmit={submit} onKeyDown={holdWhileComposing}>
        {/* Tells password managers whose password this is. */}
        <input type="text" autoComplete="username" value={user?.username ?? ""} readOnly hidden />
        <PasswordInput
          label={t("password.present")}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={present}
          onChange={(event) => setPresent(event.currentTarget.value)}
          error={errors.at("/current_password")}
          visibilityToggleButtonProps={toggle}
        />
        <PasswordInput
          label={t("password.next")}
          description={t("password.rule")}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
          error={errors.at("/new_password")}
          visibilityToggleButtonProps={toggle}
        />
        <p className={classes.quiet}>{t("password.ends")}</p>
        {errors.rest !== null && <ProblemNote error={errors.rest} />}
        <div className={classes.submit}>
          <Button type="submit" loading={change.isPending}>
            {t("password.change")}
          </Button>
          <span role="status" className={classes.done}>
            {change.isSuccess && t("password.changed")}
          </span>
        </div>
      </form>
    </Panel>
  );
}
