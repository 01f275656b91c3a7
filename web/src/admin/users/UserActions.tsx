// Sets a new password for an account, disables it, enables it again. What ends something asks first.
import { Button } from "@mantine/core";
import { IconKey, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { Account } from "../../api/types";
import { useUser } from "../../auth/use-session";
import { Confirm } from "../../ui/Confirm";
import { OneTimeSecret } from "../../ui/OneTimeSecret";
import classes from "../admin.module.css";
import { userSessionsQuery } from "./queries";
import { useChangeUser } from "./use-change-user";

export function UserActions({ user }: { user: Account }) {
  const isOwn = useUser()?.id === user.id;
  return (
    <>
      {user.kind === "person" && !isOwn && <ResetPassword user={user} />}
      {!isOwn && <Disable user={user} />}
    </>
  );
}

function ResetPassword({ user }: { user: Account }) {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [password, setPassword] = useState<string | null>(null);
  const reset = useMutation({
    mutationFn: async () => {
      const { data } = await client.POST("/api/v1/users/{id}/password", {
        params: { path: { id: user.id } },
        body: {},
      });
      return data as NonNullable<typeof data>;
    },
    onSuccess: (made) => {
      setAsking(false);
      setPassword(made.password ?? null);
      void cache.invalidateQueries({ queryKey: userSessionsQuery(user.id).queryKey });
    },
    // Nothing keeps the password longer than it is shown.
    gcTime: 0,
  });
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconKey size={15} />}
        onClick={() => {
          reset.reset();
          setAsking(true);
        }}
      >
        {t("users.reset")}
      </Button>
      <Confirm
        opened={asking}
        title={t("users.resetTitle", { user: user.username })}
        deed={t("users.resetDeed")}
        destructive
        busy={reset.isPending}
        error={reset.error}
        onConfirm={() => reset.mutate()}
        onClose={() => setAsking(false)}
      >
        <p style={{ marginTop: 0 }}>{t("users.resetText", { user: user.username })}</p>
      </Confirm>
      {password !== null && (
        <OneTimeSecret
          title={t("users.resetDone", { user: user.username })}
          label={t("users.password")}
          secret={password}
          onClose={() => {
            setPassword(null);
            reset.reset();
          }}
        >
          <p className={classes.note}>{t("users.tellPassword", { user: user.username })}</p>
        </OneTimeSecret>
      )}
    </>
  );
}

function Disable({ user }: { user: Account }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const change = useChangeUser(user.id, () => setAsking(false));
  const deed = user.disabled ? "enable" : "disable";
  return (
    <>
      <Button
        variant="default"
        leftSection={user.disabled ? <IconUserCheck size={15} /> : <IconUserOff size={15} />}
        onClick={() => {
          change.reset();
          setAsking(true);
        }}
      >
        {t(`users.${deed}`)}
      </Button>
      <Confirm
        opened={asking}
        title={t(`users.${deed}Title`, { user: user.username })}
        deed={t(`users.${deed}Deed`)}
        destructive={!user.disabled}
        busy={change.isPending}
        error={change.error}
        onConfirm={() => change.mutate({ disabled: !user.disabled })}
        onClose={() => setAsking(false)}
      >
        <p style={{ marginTop: 0 }}>{t(`users.${deed}Text`, { user: user.username })}</p>
      </Confirm>
    </>
  );
}
