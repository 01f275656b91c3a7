// The person's own things at the right of the top bar: language, colour scheme, account.
import { type MantineColorScheme, useMantineColorScheme } from "@mantine/core";
import {
  IconDeviceDesktop,
  IconKey,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { session } from "../auth/session";
import { useUser } from "../auth/use-session";
import { changeLanguage, LANGUAGE_NAMES, LANGUAGES } from "../i18n/i18n";
import { Menu } from "../ui/Menu";
import classes from "./Frame.module.css";

export function LanguageMenu() {
  const { t, i18n } = useTranslation();
  return (
    <Menu
      label={t("frame.language")}
      button={<IconLanguage size={18} aria-hidden />}
      buttonClass={classes.tool}
      items={LANGUAGES.map((language) => ({
        key: language,
        label: LANGUAGE_NAMES[language],
        lang: language,
        checked: i18n.resolvedLanguage === language,
        onSelect: () => void changeLanguage(language),
      }))}
    />
  );
}

const SCHEMES: { value: MantineColorScheme; Icon: typeof IconSun }[] = [
  { value: "light", Icon: IconSun },
  { value: "dark", Icon: IconMoon },
  { value: "auto", Icon: IconDeviceDesktop },
];

export function SchemeMenu() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = SCHEMES.find(({ value }) => value === colorScheme)?.Icon ?? IconDeviceDesktop;
  return (
    <Menu
      label={t("frame.scheme")}
      button={<Current size={18} aria-hidden />}
      buttonClass={classes.tool}
      items={SCHEMES.map(({ value, Icon }) => ({
        key: value,
        label: t(`frame.schemes.${value}`),
        icon: <Icon size={16} aria-hidden />,
        checked: value === colorScheme,
        onSelect: () => setColorScheme(value),
      }))}
    />
  );
}

/** Marked where something waits behind it that its person should know. */
export function AccountMenu({ marked }: { marked: boolean }) {
  const { t } = useTranslation();
  const user = useUser();
  const navigate = useNavigate();
  if (!user) return null;
  return (
    <Menu
      label={t(marked ? "frame.accountMarked" : "frame.account", { user: user.username })}
      button={
        <>
          <span className={classes.person} data-marked={marked || undefined}>
            <IconUserCircle size={18} aria-hidden />
          </span>
          <span className={classes.hideOnPhone}>{user.username}</span>
        </>
      }
      buttonClass={classes.tool}
      head={
        <>
          <strong>{user.display_name}</strong>
          <br />
          {user.roles.map((role) => t(`roles.${role}`)).join(", ")}
          {user.unix_user && ` · ${t("frame.unixUser", { user: user.unix_user })}`}
        </>
      }
      items={[
        {
          key: "account",
          label: t("pages.account"),
          icon: <IconKey size={16} aria-hidden />,
          onSelect: () => void navigate({ to: "/account" }),
        },
        {
          key: "sign-out",
          label: t("frame.signOut"),
          icon: <IconLogout size={16} aria-hidden />,
          onSelect: () => void session.signOut(),
        },
      ]}
    />
  );
}
