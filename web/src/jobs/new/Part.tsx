// One of the four parts of the form: its number, its name, and whether it is done.
import { IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Panel } from "../../ui/Panel";
import classes from "./new-job.module.css";

interface Props {
  number: number;
  title: string;
  done: boolean;
  hint?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Part({ number, title, done, hint, actions, children }: Props) {
  return (
    <Panel
      title={title}
      hint={hint}
      actions={actions}
      lead={
        <span className={classes.number} data-done={done || undefined} aria-hidden>
          {done ? <IconCheck size={13} stroke={2.6} /> : number}
        </span>
      }
    >
      {children}
    </Panel>
  );
}
