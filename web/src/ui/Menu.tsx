// A small menu behind a button. Mantine's would bring a positioning engine to every page's first load, for menus that
// hang below their button always.
import { IconCheck } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import classes from "./Menu.module.css";

export interface MenuItem {
  key: string;
  label: ReactNode;
  icon?: ReactNode;
  /** One of several: marked where it is the one. */
  checked?: boolean;
  /** One of several that may all be marked: the menu stays open. */
  stays?: boolean;
  lang?: string;
  onSelect(): void;
}

interface Props {
  /** What the button does, for assistive technology. */
  label: string;
  button: ReactNode;
  buttonClass: string | undefined;
  /** Above the items, not to be chosen. */
  head?: ReactNode;
  items: MenuItem[];
  align?: "start" | "end";
}

export function Menu({ label, button, buttonClass, head, items, align = "end" }: Props) {
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const trigger = useRef<HTMLButtonElement>(null);
  const id = useId();

  const entries = () => [...(frame.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };

  useEffect(() => {
    if (!open) return;
    const all = [...(frame.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    (all.find((entry) => entry.ariaChecked === "true") ?? all[0])?.focus();
    const leave = (event: Event) => {
      if (event.target instanceof Node && !frame.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, [open]);

  const walk = (event: KeyboardEvent) => {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      all[to % all.length]?.focus();
    } else if (event.key === "Escape") close();
  };

  return (
    <div ref={frame} className={classes.frame}>
      <button
        ref={trigger}
        type="button"
        className={buttonClass}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || open) return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {button}
      </button>
      {open && (
        <div className={classes.drop} data-align={align}>
          {head && <div className={classes.head}>{head}</div>}
          <div id={id} role="menu" aria-label={label} tabIndex={-1} onKeyDown={walk}>
            {items.map((item) => (
              <button
                key={item.key}
                type="button"
                className={classes.item}
                lang={item.lang}
                tabIndex={-1}
                {...(item.checked === undefined
                  ? { role: "menuitem" }
                  : {
                      role: item.stays ? "menuitemcheckbox" : "menuitemradio",
                      "aria-checked": item.checked,
                    })}
                onClick={() => {
                  if (!item.stays) close();
                  item.onSelect();
                }}
              >
                {item.icon}
                <span className={classes.label}>{item.label}</span>
                {item.checked && <IconCheck size={14} aria-hidden />}
              </button>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}
