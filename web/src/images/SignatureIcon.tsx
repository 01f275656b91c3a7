// Whether an image's signatures hold, beside its name.
import { IconShield, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Image } from "../api/types";

export function SignatureIcon({ standing }: { standing: NonNullable<Image["signature"]> }) {
  const { t } = useTranslation();
  const label = {
    "aria-label": t(`images.standings.${standing}`),
    size: 14,
    style: { verticalAlign: "-2px" },
  };
  if (standing === "verified") return <IconShieldCheck color="var(--qd-completed)" {...label} />;
  if (standing === "bad") return <IconShieldX color="var(--qd-failed)" {...label} />;
  return <IconShield {...label} />;
}
