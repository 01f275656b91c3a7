// Numbers, sizes and times in the reader's language.
import { useTranslation } from "react-i18next";

export interface Format {
  number(value: number, digits?: 0 | 1 | 2): string;
  percent(part: number, whole: number): string;
  /** Bytes, in powers of 1024 as Slurm and file systems count. */
  bytes(value: number): string;
  /** Slurm's MiB. */
  mebibytes(value: number): string;
  /** A moment, to the second. */
  moment(iso: string): string;
  /** A moment, short: the time today, else the date. */
  shortMoment(iso: string): string;
  /** How long ago, or until: "3 minutes ago". */
  ago(iso: string, now: number): string;
  /** A time limit or run time in whole units: "1 d 2 h". */
  duration(seconds: number): string;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;
const formats = new Map<string, Format>();

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return formatFor(i18n.resolvedLanguage ?? "en");
}

export function formatFor(language: string): Format {
  let format = formats.get(language);
  if (!format) {
    format = createFormat(language);
    formats.set(language, format);
  }
  return format;
}

function createFormat(language: string): Format {
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  // As everywhere on the page, and as Slurm writes times: 21:57, never 9:57 PM.
  const moment = new Intl.DateTimeFormat(language, {
    dateStyle: "medium",
    timeStyle: "medium",
    hourCycle: "h23",
  });
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat(language, { month: "short", day: "numeric" });
  const dayOfYear = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const unit = (name: "day" | "hour" | "minute" | "second") =>
    new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "narrow" });
  const units = { day: unit("day"), hour: unit("hour"), minute: unit("minute"), second: unit("second") };

  const numbers = [0, 1, 2].map(
    (digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }),
  );

  const number = (value: number, digits: 0 | 1 | 2 = 0) => numbers[digits]?.format(value) ?? String(value);

  const bytes = (value: number) => {
    let power = 0;
    let scaled = value;
    while (scaled >= 1024 && power < UNITS.length - 1) {
      scaled /= 1024;
      power += 1;
    }
    return `${number(scaled, power === 0 || scaled >= 100 ? 0 : 1)} ${UNITS[power]}`;
  };

  return {
    number,
    percent: (part, whole) => percent.format(whole > 0 ? part / whole : 0),
    bytes,
    mebibytes: (value) => bytes(value * 1024 * 1024),
    moment: (iso) => moment.format(new Date(iso)),
    shortMoment(iso) {
      const date = new Date(iso);
      const now = new Date();
      if (date.toDateString() === now.toDateString()) return clock.format(date);
      if (date.getFullYear() === now.getFullYear()) return `${day.format(date)} ${clock.format(date)}`;
      return dayOfYear.format(date);
    },
    ago(iso, now) {
      const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(seconds, "second");
      if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), "hour");
      return relative.format(Math.round(seconds / 86_400), "day");
    },
    duration(seconds) {
      const whole = Math.max(0, Math.floor(seconds));
      const parts: string[] = [];
      const days = Math.floor(whole / 86_400);
      const hours = Math.floor((whole % 86_400) / 3600);
      const minutes = Math.floor((whole % 3600) / 60);
      if (days) parts.push(units.day.format(days));
      if (hours) parts.push(units.hour.format(hours));
      if (minutes && !days) parts.push(units.minute.format(minutes));
      // Seconds matter only while there is little else.
      if (!days && !hours && (whole < 600 || minutes === 0) && (whole % 60 || !minutes))
        parts.push(units.second.format(whole % 60));
      return parts.join(" ");
    },
  };
}
