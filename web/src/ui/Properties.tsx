// Names and values of one thing, in columns.
import type { ReactNode } from "react";
import classes from "./Properties.module.css";

export interface Property {
  name: string;
  /** `null` leaves the property out. */
  value: ReactNode | null;
  /** Takes a whole row. */
  wide?: boolean;
}

interface Props {
  items: Property[];
  /** The names are somebody else's and may be long: fewer columns. */
  longNames?: boolean;
}

export function Properties({ items, longNames = false }: Props) {
  return (
    <dl className={longNames ? `${classes.list} ${classes.longNames}` : classes.list}>
      {items
        .filter((item) => item.value !== null && item.value !== undefined && item.value !== "")
        .map((item) => (
          <div key={item.name} className={item.wide ? classes.wide : classes.item}>
            <dt>{item.name}</dt>
            <dd>{item.value}</dd>
          </div>
        ))}
    </dl>
  );
}
