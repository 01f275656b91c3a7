// A titled part of a page.
import { type ReactNode, useId } from "react";
import classes from "./Panel.module.css";

interface Props {
  title: string;
  /** A number or mark before the title. */
  lead?: ReactNode;
  /** Dimmed words behind the title. */
  hint?: ReactNode;
  actions?: ReactNode;
  /** Without padding: tables and code reach the edges. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, lead, hint, actions, flush, className, children }: Props) {
  const id = useId();
  return (
    <section className={`${classes.panel} ${className ?? ""}`} aria-labelledby={id}>
      <div className={classes.head}>
        {lead}
        <h2 id={id} className={classes.title}>
          {title}
        </h2>
        {hint && <div className={classes.hint}>{hint}</div>}
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
