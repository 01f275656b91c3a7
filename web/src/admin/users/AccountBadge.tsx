// Whether an account may sign in or be used.
import { useTranslation } from "react-i18next";
import { Badge } from "../../ui/StateBadge";

export function AccountBadge({ disabled }: { disabled: boolean }) {
  const { t } = useTranslation();
  return disabled ? (
    <Badge tone="cancelled">{t("users.states.disabled")}</Badge>
  ) : (
    <Badge tone="completed">{t("users.states.active")}</Badge>
  );
}
