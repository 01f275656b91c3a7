// What can be done with the nodes that are selected.
import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Node, NodeAction } from "../api/types";
import { useFormat } from "../ui/format";
import type { Selection } from "../ui/selection";
import { AskNodeAction } from "./AskNodeAction";
import classes from "./nodes.module.css";

interface Props {
  cluster: string;
  /** Selected, and shown: what is filtered away is not acted upon. */
  chosen: string[];
  selection: Selection<Node>;
}

const ACTIONS: NodeAction[] = ["drain", "resume", "reboot"];
/** As many as the server takes in one request. */
export const MOST_NODES = 500;

export function NodeSelection({ cluster, chosen, selection }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asking, setAsking] = useState<{ action: NodeAction; nodes: string[] } | null>(null);
  return (
    <div className={classes.selection}>
      <Button variant="default" onClick={selection.toggleAll} disabled={selection.all === "all"}>
        {t("nodes.selectAll")}
      </Button>
      {chosen.length > 0 && (
        <>
          <Button variant="default" onClick={selection.clear}>
            {t("nodes.selectNone")}
          </Button>
          <span role="status">
            {t("nodes.selected", { count: chosen.length, formatted: format.number(chosen.length) })}
            {selection.full && ` · ${t("nodes.tooMany", { formatted: format.number(MOST_NODES) })}`}
          </span>
          {ACTIONS.map((action) => (
            <Button key={action} variant="default" onClick={() => setAsking({ action, nodes: chosen })}>
              {t(`nodes.actions.${action}`)}
            </Button>
          ))}
        </>
      )}
      {asking && (
        <AskNodeAction
          cluster={cluster}
          nodes={asking.nodes}
          action={asking.action}
          onClose={() => setAsking(null)}
          onDone={selection.clear}
        />
      )}
    </div>
  );
}
