// A list of which one is chosen: native radio buttons, so that arrow keys and screen readers know it.
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./new-job.module.css";

export interface RadioItem {
  value: string;
  label: string;
  /** Dimmed, behind the label. */
  beside?: ReactNode;
  below?: ReactNode;
  disabled?: boolean;
}

interface Props {
  name: string;
  label: string;
  items: RadioItem[];
  value: string | null;
  onChange(value: string): void;
}

export function RadioList({ name, label, items, value, onChange }: Props) {
  const list = useRef<HTMLDivElement>(null);

  // A link chose something far down: show it, without moving the page.
  useEffect(() => {
    const chosen = list.current?.querySelector("input:checked")?.closest("label");
    if (list.current && chosen) list.current.scrollTop = chosen.offsetTop - list.current.offsetTop - 60;
  }, []);

  return (
    <div ref={list} role="radiogroup" aria-label={label} className={classes.radios}>
      {items.map((item) => (
        <label
          key={item.value}
          className={classes.radio}
          data-chosen={item.value === value || undefined}
          data-disabled={item.disabled || undefined}
        >
          <input
            type="radio"
            name={name}
            value={item.value}
            checked={item.value === value}
            disabled={item.disabled}
            aria-label={item.label}
            aria-describedby={item.below ? `${name}-${item.value}` : undefined}
            onChange={() => onChange(item.value)}
          />
          <span className={classes.radioWords}>
            <span className={classes.radioLine}>
              <span className={classes.radioLabel}>{item.label}</span>
              {item.beside && <span className="qd-dim">{item.beside}</span>}
            </span>
            {item.below && (
              <span id={`${name}-${item.value}`} className={classes.radioBelow}>
                {item.below}
              </span>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}
