// Asks before somebody leaves what she has not saved.
import { useTranslation } from "react-i18next";
import { Confirm } from "./Confirm";

interface Props {
  name: string;
  /** The router's. */
  blocker: { status: string; proceed?: (() => void) | undefined; reset?: (() => void) | undefined };
  /** What has to be done before. */
  onLeave?(): void;
}

export function LeaveUnsaved({ name, blocker, onLeave }: Props) {
  const { t } = useTranslation();
  return (
    <Confirm
      opened={blocker.status === "blocked"}
      title={t("fileEdit.leaveTitle")}
      deed={t("fileEdit.leave")}
      keep={t("fileEdit.goOn")}
      destructive
      busy={false}
      error={null}
      onConfirm={() => {
        onLeave?.();
        blocker.proceed?.();
      }}
      onClose={() => blocker.reset?.()}
    >
      {t("fileEdit.leaveText", { name })}
    </Confirm>
  );
}
