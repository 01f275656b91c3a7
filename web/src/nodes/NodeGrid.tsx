// Every node as a small field: its state by colour and sign, or how much of it is in use by height and figure. Only the
// rows in view are in the document; arrow keys walk between the nodes.
import { useElementSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFormat } from "../ui/format";
import { NodeStateBadge, NodeStateIcon, toneOfNode } from "../ui/StateBadge";
import { type NodeColour, shareOf } from "./filter";
import classes from "./nodes.module.css";

interface Props {
  cluster: string;
  nodes: Node[];
  colour: NodeColour;
}

/** As in nodes.module.css. */
const CELL = 36;
const PADDING = 12;

export function NodeGrid({ cluster, nodes, colour }: Props) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sized, width } = useElementSize<HTMLDivElement>();
  const navigate = useNavigate();
  const [current, setCurrent] = useState(0);
  /** It may have to come into the document first. */
  const toFocus = useRef<number | null>(null);
  const inRow = Math.max(1, Math.floor((width - 2 * PADDING) / CELL));
  const virtualizer = useVirtualizer({
    count: width > 0 ? Math.ceil(nodes.length / inRow) : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => CELL,
    overscan: 4,
  });
  const rows = virtualizer.getVirtualItems();
  const walked = Math.min(current, nodes.length - 1);

  const walk = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: inRow,
      ArrowUp: -inRow,
      Home: -walked,
      End: nodes.length - 1 - walked,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.min(nodes.length - 1, Math.max(0, walked + step));
    setCurrent(next);
    toFocus.current = next;
    virtualizer.scrollToIndex(Math.floor(next / inRow));
  };

  useLayoutEffect(() => {
    if (toFocus.current === null) return;
    const field = scroller.current?.querySelector<HTMLElement>(`[data-index="${toFocus.current}"] a`);
    if (!field) return;
    toFocus.current = null;
    field.focus({ preventScroll: true });
  });

  // Hundreds of the router's own links would make scrolling slow.
  const open = (event: MouseEvent) => {
    const index = (event.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index;
    const node = index === undefined ? undefined : nodes[Number(index)];
    if (!node || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void navigate({ to: "/clusters/$cluster/nodes/$node", params: { cluster, node: node.name } });
  };

  // Tab must lead into the grid also when the node last walked to is scrolled away.
  const isShown = rows.some((row) => row.index === Math.floor(walked / inRow));
  const tabbable = isShown ? walked : (rows[0]?.index ?? 0) * inRow;

  const noteFocus = (event: FocusEvent) => {
    const index = event.target.closest<HTMLElement>("[data-index]")?.dataset.index;
    if (index !== undefined) setCurrent(Number(index));
  };

  return (
    <div className={classes.gridFrame} ref={sized}>
      <Legend nodes={nodes} colour={colour} />
      <div ref={scroller} className={classes.grid}>
        <ul
          className={classes.fields}
          style={{ height: virtualizer.getTotalSize() + 2 * PADDING }}
          aria-label={t("nodes.title")}
          onKeyDown={walk}
          onClick={open}
          onFocus={noteFocus}
        >
          {rows.flatMap((row) =>
            nodes.slice(row.index * inRow, (row.index + 1) * inRow).map((node, place) => {
              const index = row.index * inRow + place;
              return (
                <li
                  key={node.name}
                  data-index={index}
                  className={classes.place}
                  aria-setsize={nodes.length}
                  aria-posinset={index + 1}
                  style={{ transform: `translate(${place * CELL + PADDING}px, ${row.start + PADDING}px)` }}
                >
                  <Field
                    cluster={cluster}
                    node={node}
                    colour={colour}
                    tabIndex={index === tabbable ? 0 : -1}
                  />
                </li>
              );
            }),
          )}
        </ul>
      </div>
    </div>
  );
}

interface FieldProps {
  cluster: string;
  node: Node;
  colour: NodeColour;
  tabIndex: number;
}

const Field = memo(function Field({ cluster, node, colour, tabIndex }: FieldProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  const state = lookUp(`states.node.${node.state.toLowerCase()}`) ?? node.state;
  const share = colour === "state" ? null : shareOf(node, colour);
  const figure = share === null ? t("nodes.noFigure") : format.percent(share, 1);
  const words = [
    `${node.name}: ${state}`,
    colour !== "state" && `${t(`nodes.colours.${colour}`)} ${figure}`,
    node.reason,
  ];
  const label = words.filter(Boolean).join(", ");
  return (
    <a
      href={`/clusters/${encodeURIComponent(cluster)}/nodes/${encodeURIComponent(node.name)}`}
      className={classes.field}
      data-tone={colour === "state" ? toneOfNode(node.state) : undefined}
      aria-label={label}
      title={label}
      tabIndex={tabIndex}
    >
      {colour === "state" && <NodeStateIcon state={node.state} />}
      {share !== null && (
        <>
          <span className={classes.filled} style={{ height: `${Math.min(1, share) * 100}%` }} />
          <span className={classes.figure}>{format.number(share * 100)}</span>
        </>
      )}
      {colour !== "state" && share === null && <span className={classes.figure}>–</span>}
    </a>
  );
});

function Legend({ nodes, colour }: { nodes: Node[]; colour: NodeColour }) {
  const { t } = useTranslation();
  const format = useFormat();
  const counts = new Map<string, number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <div className={classes.legend} role="note" aria-label={t("nodes.legend")}>
      {colour === "state" &&
        [...counts].map(([state, count]) => (
          <span key={state} className={classes.legendItem}>
            <NodeStateBadge state={state} /> <span className="qd-num">{format.number(count)}</span>
          </span>
        ))}
      {colour === "load" && <span>{t("nodes.scaleLoad")}</span>}
      {(colour === "memory" || colour === "gpus") && <span>{t("nodes.scale")}</span>}
      <span className="qd-dim">{t("nodes.gridHelp")}</span>
    </div>
  );
}
