// The part of the settings that the person changes herself.
import type { NotificationSettings, NotificationWishes } from "../../api/types";

export function wishesIn(settings: NotificationSettings): NotificationWishes {
  const { jobs, longer_than_minutes, page, push, mail, webhook, language, webhook_url } = settings;
  return { jobs, longer_than_minutes, page, push, mail, webhook, language, webhook_url };
}
