// Every node as a small field: its state by colour and sign, or how much of it is in use by height and figure. The fields
// are drawn; one real link lies over the one that is pointed at or walked to by arrow keys.
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { useTranslation } from "react-i18next";
import type { Node } from "../api/types";
import { useLookUp } from "../i18n/use-look-up";
import { useFormat } from "../ui/format";
import { NodeStateBadge } from "../ui/StateBadge";
import type { Selection } from "../ui/selection";
import { type NodeColour, shareOf } from "./filter";
import { CELL, type Drawing, indexAt, PADDING, Painter, placeOf } from "./grid-drawing";
import classes from "./nodes.module.css";

interface Props {
  cluster: string;
  nodes: Node[];
  colour: NodeColour;
  /** `undefined`: whoever looks may do nothing with them. */
  selection: Selection<Node> | undefined;
}

export function NodeGrid({ cluster, nodes, colour, selection }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const navigate = useNavigate();
  const words = useNodeWords(colour);
  const { ref: sized, width, height } = useElementSize<HTMLDivElement>();
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [current, setCurrent] = useState(0);
  /** Read out: a link whose words change beneath the focus is not. */
  const [said, setSaid] = useState("");
  const inRow = Math.max(1, Math.floor((width - 2 * PADDING) / CELL));
  const place = Math.min(current, nodes.length - 1);
  const node = nodes[place];

  const redraw = useDrawing(canvas, scroller, {
    nodes,
    colour,
    isSelected: (name) => selection?.has(name) ?? false,
    inRow,
    width,
    height,
    figure: (share) => format.number(share * 100),
  });

  const walkTo = (index: number) => {
    setCurrent(index);
    const to = nodes[index];
    if (to) setSaid(words(to));
    const { y } = placeOf(index, inRow);
    const frame = scroller.current;
    if (!frame) return;
    if (y - PADDING < frame.scrollTop) frame.scrollTop = y - PADDING;
    else if (y + CELL > frame.scrollTop + frame.clientHeight) frame.scrollTop = y + CELL - frame.clientHeight;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && selection) {
      event.preventDefault();
      selection.toggle(place, event.shiftKey);
      return;
    }
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: inRow,
      ArrowUp: -inRow,
      Home: -place,
      End: nodes.length - 1 - place,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(nodes.length - 1, Math.max(0, place + step));
    if (event.shiftKey) selection?.extend(place, next);
    walkTo(next);
  };

  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const over = indexAt(event.clientX - box.left, event.clientY - box.top, inRow, nodes.length);
    if (over !== null && over !== place) setCurrent(over);
  };

  // While some are selected a click selects further ones, as in lists on a phone; Shift takes all in between.
  const onClick = (event: MouseEvent) => {
    if (event.button !== 0 || !node) return;
    const picks = selection && (event.ctrlKey || event.metaKey || event.shiftKey || selection.all !== "none");
    if (picks) {
      event.preventDefault();
      selection.toggle(place, event.shiftKey);
    } else if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      void navigate({ to: "/clusters/$cluster/nodes/$node", params: { cluster, node: node.name } });
    }
  };

  const { x, y } = placeOf(Math.max(0, place), inRow);
  const isSelected = node !== undefined && selection?.has(node.name);
  return (
    <div className={classes.gridFrame}>
      <Legend nodes={nodes} colour={colour} canSelect={selection !== undefined} />
      <div className={classes.grid} ref={sized}>
        <div ref={scroller} className={classes.scroller} onScroll={redraw}>
          <div
            className={classes.fields}
            style={{ height: Math.ceil(nodes.length / inRow) * CELL + 2 * PADDING }}
            onPointerMove={onPointerMove}
            onPointerDown={onPointerMove}
          >
            <canvas ref={canvas} className={classes.canvas} style={{ width, height }} aria-hidden />
            {node && (
              <a
                href={`/clusters/${encodeURIComponent(cluster)}/nodes/${encodeURIComponent(node.name)}`}
                className={classes.field}
                style={{ transform: `translate(${x}px, ${y}px)` }}
                aria-label={t("nodes.fieldOf", {
                  node: words(node),
                  place: format.number(place + 1),
                  formatted: format.number(nodes.length),
                })}
                aria-current={isSelected ? "true" : undefined}
                title={words(node)}
                onKeyDown={onKeyDown}
                onClick={onClick}
                draggable={false}
              >
                {isSelected && <span className="qd-unseen">{t("nodes.isSelected")}</span>}
              </a>
            )}
          </div>
        </div>
      </div>
      <span className="qd-unseen" aria-live="polite">
        {said}
      </span>
    </div>
  );
}

/** Draws when something of it has changed, once a frame at most. Answers how to have it drawn again. */
function useDrawing(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  scroller: React.RefObject<HTMLDivElement | null>,
  drawing: Omit<Drawing, "scrollTop">,
): () => void {
  const scheme = useComputedColorScheme();
  const newest = useRef({ drawing, scheme });
  const painter = useRef<{ painter: Painter; scheme: string } | null>(null);
  const frame = useRef(0);

  const draw = () => {
    frame.current = 0;
    const { drawing: now, scheme: wanted } = newest.current;
    if (!canvas.current || now.width === 0 || now.height === 0) return;
    // A painter keeps the colours that it found.
    if (painter.current?.scheme !== wanted)
      painter.current = { painter: new Painter(canvas.current), scheme: wanted };
    painter.current.painter.draw({ ...now, scrollTop: scroller.current?.scrollTop ?? 0 });
  };
  const redraw = () => {
    frame.current ||= requestAnimationFrame(draw);
  };

  useLayoutEffect(() => {
    newest.current = { drawing, scheme };
    redraw();
  });
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return redraw;
}

/** What is told of a node in its field. */
function useNodeWords(colour: NodeColour): (node: Node) => string {
  const { t } = useTranslation();
  const format = useFormat();
  const lookUp = useLookUp();
  return (node) => {
    const state = lookUp(`states.node.${node.state.toLowerCase()}`) ?? node.state;
    const share = colour === "state" ? null : shareOf(node, colour);
    const figure = share === null ? t("nodes.noFigure") : format.percent(share, 1);
    const words = [
      `${node.name}: ${state}`,
      colour !== "state" && `${t(`nodes.colours.${colour}`)} ${figure}`,
      node.reason,
    ];
    return words.filter(Boolean).join(", ");
  };
}

interface LegendProps {
  nodes: Node[];
  colour: NodeColour;
  canSelect: boolean;
}

function Legend({ nodes, colour, canSelect }: LegendProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const counts = new Map<string, number>();
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1);
  return (
    <div className={classes.legend} role="note" aria-label={t("nodes.legend")}>
      {colour === "state" &&
        [...counts].sort().map(([state, count]) => (
          <span key={state} className={classes.legendItem}>
            <NodeStateBadge state={state} /> <span className="qd-num">{format.number(count)}</span>
          </span>
        ))}
      {colour === "load" && <span>{t("nodes.scaleLoad")}</span>}
      {(colour === "memory" || colour === "gpus") && <span>{t("nodes.scale")}</span>}
      <span className="qd-dim">
        {t("nodes.gridHelp")} {canSelect && t("nodes.gridSelectHelp")}
      </span>
    </div>
  );
}
