// Whether an image is where it was found, in words with the date.
import { useTranslation } from "react-i18next";
import type { ImageState } from "../api/types";
import { useFormat } from "../ui/format";
import { Badge, type Tone } from "../ui/StateBadge";

const TONES: Record<ImageState, Tone> = { active: "completed", stale: "unknown", inactive: "cancelled" };

interface Props {
  state: ImageState;
  goneAt?: string | null | undefined;
  /** Lists do not tell it. */
  lastSeenAt?: string | undefined;
}

export function ImageStateBadge({ state, goneAt, lastSeenAt }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const at = { stale: lastSeenAt, inactive: goneAt, active: undefined }[state];
  return (
    <Badge tone={TONES[state]} title={t(`images.stateTips.${state}`, { time: at ? format.moment(at) : "–" })}>
      {at && state !== "active"
        ? t(`images.statesSince.${state}`, { time: format.shortMoment(at) })
        : t(`images.states.${state}`)}
    </Badge>
  );
}
