// Signs a person in and takes her to where she was going.
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import { LanguageMenu, SchemeMenu } from "../frame/account";
import { holdWhileComposing } from "../ui/composition";
import mark from "../ui/mark.svg";
import { ProblemNote } from "../ui/states";
import classes from "./SignInPage.module.css";
import { session } from "./session";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { t } = useTranslation();
  const { return: target } = route.useSearch();
  const router = useRouter();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");

  const signIn = useMutation({
    mutationFn: () => session.signIn(username.trim(), password),
    onSuccess: () => router.history.replace(target ?? "/"),
    onError: (error) => {
      if (asProblem(error).status === 401) setPassword("");
    },
  });

  useEffect(() => {
    document.title = `${t("signIn.title")} · Quarterdeck`;
    // Another tab's sign-in, or a cookie that still holds.
    const enterIfSignedIn = () => {
      if (session.state.status === "signed-in") router.history.replace(target ?? "/");
    };
    void session.start().then(enterIfSignedIn, () => undefined);
    return session.subscribe(enterIfSignedIn);
  }, [router, target, t]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };

  return (
    <main className={classes.page}>
      <div className={classes.corner}>
        <LanguageMenu />
        <SchemeMenu />
      </div>
      <form
        className={classes.card}
        onSubmit={submit}
        onKeyDown={holdWhileComposing}
        aria-labelledby="sign-in"
      >
        <img src={mark} width={36} height={36} alt="" />
        <h1 id="sign-in" className={classes.title}>
          {t("signIn.heading")}
        </h1>
        <p className={classes.lead}>{t("signIn.lead")}</p>
        <Stack gap="sm">
          <TextInput
            size="sm"
            label={t("signIn.username")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            withAsterisk={false}
            autoFocus
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t("signIn.password")}
            autoComplete="current-password"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("signIn.showPassword") }}
          />
          {signIn.error && <ProblemNote error={signIn.error} />}
          <Button type="submit" size="sm" fullWidth loading={signIn.isPending}>
            {t("signIn.submit")}
          </Button>
        </Stack>
      </form>
    </main>
  );
}
