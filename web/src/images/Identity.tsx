// By what an image is known again, in words and with its value.
import { useTranslation } from "react-i18next";
import type { Image } from "../api/types";

export function Identity({ identity }: { identity: Image["identity"] }) {
  const { t } = useTranslation();
  return (
    <>
      {t(`images.identities.${identity.kind}`)} <span className="qd-mono">{identity.value}</span>
    </>
  );
}
