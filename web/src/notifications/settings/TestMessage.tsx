// Sends a message by one way now, and says what became of it.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { client } from "../../api/client";
import type { NotificationChannel } from "../../api/types";
import { ProblemNote } from "../../ui/states";
import { useNotificationText } from "../text";
import classes from "./settings.module.css";

export function TestMessage({ channel }: { channel: NotificationChannel }) {
  const { t } = useTranslation();
  const text = useNotificationText();
  const test = useMutation({
    mutationFn: async () => {
      const { data } = await client.POST("/api/v1/notifications/test", { body: { channel } });
      return data?.items ?? [];
    },
  });
  return (
    <div>
      <div className={classes.line}>
        <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
          {t("notifications.settings.test")}
        </Button>
        <span role="status" className={classes.outcome}>
          {test.data?.map((delivery) => (
            <span key={text.outcome(delivery)} data-state={delivery.state}>
              {text.outcome(delivery)}
            </span>
          ))}
        </span>
      </div>
      {test.error && <ProblemNote error={test.error} />}
    </div>
  );
}
