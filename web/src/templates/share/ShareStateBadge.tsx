// What became of an offer, by colour, word and icon.
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "../../ui/StateBadge";
import type { ShareState } from "./queries";

const TONES: Record<ShareState, Tone> = {
  open: "waiting",
  accepted: "completed",
  refused: "failed",
  "taken-back": "cancelled",
};

export function ShareStateBadge({ state }: { state: ShareState }) {
  const { t } = useTranslation();
  return <Badge tone={TONES[state]}>{t(`sharing.states.${state}`)}</Badge>;
}
