import type { Format } from "../ui/format";

/** Core hours and the like: what is small keeps two digits. */
export function hours(value: number, format: Format): string {
  return format.number(value, value < 10 ? 2 : 0);
}
