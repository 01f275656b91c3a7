// The head of every page: where we are, what it is, what can be done here. Also names the browser's tab.
import { type ReactNode, useEffect } from "react";
import classes from "./PageHeader.module.css";

interface Props {
  title: string;
  /** Above the title: a link to the list this page belongs to. */
  above?: ReactNode;
  /** Beside the title: a state, a count. */
  beside?: ReactNode;
  /** Below the title, dimmed. */
  below?: ReactNode;
  /** At the right end: buttons. */
  actions?: ReactNode;
}

export function PageHeader({ title, above, beside, below, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · Quarterdeck`;
  }, [title]);
  return (
    <header className={classes.header}>
      <div className={classes.words}>
        {above && <div className={classes.above}>{above}</div>}
        <div className={classes.line}>
          <h1 className={classes.title}>{title}</h1>
          {beside}
        </div>
        {below && <div className={classes.below}>{below}</div>}
      </div>
      {actions && <div className={classes.actions}>{actions}</div>}
    </header>
  );
}
