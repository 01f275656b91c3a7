// Asks before a key is revoked, naming it.
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ApiKey } from "../api/types";
import { Confirm } from "../ui/Confirm";

interface Props {
  /** `null`: nothing is asked. */
  apiKey: ApiKey | null;
  revoke(id: string): Promise<unknown>;
  onRevoked(): void;
  onClose(): void;
}

export function RevokeKey({ apiKey, revoke, onRevoked, onClose }: Props) {
  const { t } = useTranslation();
  const act = useMutation({
    mutationFn: revoke,
    onSuccess: () => {
      onRevoked();
      onClose();
    },
  });
  const name = apiKey?.name ?? "";
  return (
    <Confirm
      opened={apiKey !== null}
      title={t("keys.revokeTitle", { name })}
      deed={t("keys.revokeDeed")}
      destructive
      busy={act.isPending}
      error={act.error}
      onConfirm={() => apiKey && act.mutate(apiKey.id)}
      onClose={() => {
        act.reset();
        onClose();
      }}
    >
      <p style={{ marginTop: 0 }}>{t("keys.revokeText", { name })}</p>
    </Confirm>
  );
}
