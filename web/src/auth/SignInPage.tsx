// Signs a person in and takes her to where she was going.
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem } from "../api/problem";
import { LanguageMenu, SchemeMenu } from "../frame/account";
import { holdWhileComposing } from "../ui/composition";
import { useFormat } from "../ui/format";
import mark from "../ui/mark.svg";
import { ProblemNote } from "../ui/states";
import { useNow } from "../ui/use-now";
import classes from "./SignInPage.module.css";
import { session } from "./session";
import { useSession } from "./use-session";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { t } = useTranslation();
  const format = useFormat();
  const { return: target } = route.useSearch();
  const router = useRouter();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  /** Milliseconds since 1970: the server takes no further attempt before. */
  const [notBefore, setNotBefore] = useState<number | null>(null);
  const now = useNow(notBefore !== null);
  const left = notBefore === null ? 0 : Math.max(0, Math.ceil((notBefore - now) / 1000));
  const state = useSession();

  const signIn = useMutation({
    mutationFn: () => session.signIn(username.trim(), password),
    onSuccess: () => router.history.replace(target ?? "/"),
    onError: (error) => {
      const { status, retryAfter } = asProblem(error);
      if (status === 401) setPassword("");
      if (retryAfter !== null) setNotBefore(Date.now() + retryAfter * 1000);
    },
  });
  const { reset } = signIn;

  useEffect(() => {
    if (notBefore === null || left > 0) return;
    setNotBefore(null);
    reset();
  }, [notBefore, left, reset]);

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
    if (!signIn.isPending && left === 0) signIn.mutate();
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
        {state.status === "signed-out" && state.why === "ended" && !signIn.error && (
          <p className={classes.ended} role="status">
            {t("signIn.ended")}
          </p>
        )}
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
          {/* The button counts the seconds. */}
          {signIn.error && <ProblemNote error={signIn.error} {...(left > 0 ? { advice: null } : {})} />}
          <Button type="submit" size="sm" fullWidth loading={signIn.isPending} disabled={left > 0}>
            {left > 0 ? t("signIn.again", { seconds: format.number(left) }) : t("signIn.submit")}
          </Button>
        </Stack>
      </form>
    </main>
  );
}
