// Why a template cannot be used here.
import { IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLookUp } from "../i18n/use-look-up";

export function Unavailable({ reason }: { reason: string | null | undefined }) {
  const text = useUnavailableText()(reason);
  return (
    <span style={{ color: "var(--qd-waiting)" }} title={text}>
      <IconLock size={13} aria-hidden style={{ verticalAlign: "-2px" }} /> {text}
    </span>
  );
}

export function useUnavailableText(): (reason: string | null | undefined) => string {
  const { t } = useTranslation();
  const lookUp = useLookUp();
  return (reason) => lookUp(`templates.unavailable.${reason}`) ?? reason ?? t("templates.unavailable.other");
}
