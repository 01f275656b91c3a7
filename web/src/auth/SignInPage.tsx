// Signs a person in and takes her to where she was going.
import { Button } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type ComponentProps, type FormEvent, useEffect, useId, useState } from "react";
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
  const [shown, setShown] = useState(false);
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
        <div className={classes.fields}>
          <Field
            label={t("signIn.username")}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <Field
            label={t("signIn.password")}
            type={shown ? "text" : "password"}
            autoComplete="current-password"
            autoCapitalize="none"
            spellCheck={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          >
            <button
              type="button"
              className={classes.show}
              aria-label={t("signIn.showPassword")}
              aria-pressed={shown}
              onClick={() => setShown(!shown)}
            >
              {shown ? <IconEyeOff size={16} aria-hidden /> : <IconEye size={16} aria-hidden />}
            </button>
          </Field>
          {/* The button counts the seconds. */}
          {signIn.error && <ProblemNote error={signIn.error} {...(left > 0 ? { advice: null } : {})} />}
          <Button type="submit" size="sm" fullWidth loading={signIn.isPending} disabled={left > 0}>
            {left > 0 ? t("signIn.again", { seconds: format.number(left) }) : t("signIn.submit")}
          </Button>
        </div>
      </form>
    </main>
  );
}

/** Of our own: Mantine's fields, which nothing else of a first visit has, would weigh more than this page and its form. */
function Field({ label, children, ...input }: { label: string } & ComponentProps<"input">) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className={classes.label}>
        {label}
      </label>
      <div className={classes.field}>
        <input id={id} required className={classes.input} {...input} />
        {children}
      </div>
    </div>
  );
}
