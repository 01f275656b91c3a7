// Draws the nodes in view on a canvas: thousands of elements that change each second would keep the browser busy for
// half of it. Each kind of field is drawn once and then copied.
import type { Node } from "../api/types";
import { type Tone, toneOfNode } from "../ui/StateBadge";
import { type NodeColour, shareOf } from "./filter";

/** From one field to the next, and around all of them. */
export const CELL = 36;
export const PADDING = 12;
const SIZE = 32;

export interface Drawing {
  nodes: readonly Node[];
  colour: NodeColour;
  isSelected(name: string): boolean;
  inRow: number;
  width: number;
  height: number;
  scrollTop: number;
  figure(share: number): string;
}

/** Where the field of a node is, from the beginning of the whole. */
export function placeOf(index: number, inRow: number): { x: number; y: number } {
  return { x: (index % inRow) * CELL + PADDING, y: Math.floor(index / inRow) * CELL + PADDING };
}

/** The node at a point of the whole; `null` beside and between the fields. */
export function indexAt(x: number, y: number, inRow: number, count: number): number | null {
  const [column, row] = [Math.floor((x - PADDING) / CELL), Math.floor((y - PADDING) / CELL)];
  const isOn = (offset: number) => offset >= 0 && (offset - PADDING) % CELL < SIZE;
  if (column < 0 || column >= inRow || row < 0 || !isOn(x) || !isOn(y)) return null;
  const index = row * inRow + column;
  return index < count ? index : null;
}

/** Keeps what was drawn once for as long as the colours are the same. */
export class Painter {
  private readonly sprites = new Map<string, HTMLCanvasElement>();
  private readonly style: CSSStyleDeclaration;
  private readonly ratio = window.devicePixelRatio || 1;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.style = getComputedStyle(canvas);
  }

  draw(drawing: Drawing): void {
    const { nodes, inRow, width, height, scrollTop } = drawing;
    const context = prepared(this.canvas, width, height, this.ratio);
    if (!context) return;
    const first = Math.max(0, Math.floor((scrollTop - PADDING) / CELL)) * inRow;
    const last = Math.min(nodes.length, Math.ceil((scrollTop + height) / CELL) * inRow);
    for (let index = first; index < last; index++) {
      const node = nodes[index];
      if (!node) break;
      const { x, y } = placeOf(index, inRow);
      this.drawNode(context, drawing, node, x, y - scrollTop);
    }
  }

  private drawNode(
    context: CanvasRenderingContext2D,
    drawing: Drawing,
    node: Node,
    x: number,
    y: number,
  ): void {
    const { colour } = drawing;
    if (colour === "state") {
      context.drawImage(this.ofTone(toneOfNode(node.state)), x, y, SIZE, SIZE);
    } else {
      const share = shareOf(node, colour);
      this.drawShare(context, x, y, share, share === null ? "–" : drawing.figure(share));
    }
    if (drawing.isSelected(node.name)) context.drawImage(this.ofSelection(), x, y, SIZE, SIZE);
  }

  private drawShare(
    context: CanvasRenderingContext2D,
    x: number,
    y: number,
    share: number | null,
    figure: string,
  ): void {
    context.drawImage(this.ofFrame(), x, y, SIZE, SIZE);
    if (share !== null && share > 0) {
      const filled = Math.round(Math.min(1, share) * (SIZE - 2));
      context.fillStyle = this.token("--qd-accent-wash");
      context.fillRect(x + 1, y + SIZE - 1 - filled, SIZE - 2, filled);
      context.fillStyle = this.token("--qd-accent");
      context.fillRect(x + 1, y + SIZE - 1 - filled, SIZE - 2, 2);
    }
    context.fillStyle = this.token("--qd-text");
    context.fillText(figure, x + SIZE / 2, y + SIZE / 2 + 1, SIZE - 4);
  }

  private ofTone(tone: Tone): HTMLCanvasElement {
    return this.sprite(tone, (context) => {
      const colour = this.token(`--qd-${tone}`);
      field(context, this.token(`--qd-${tone}-wash`), colour, tone === "cancelled");
      context.strokeStyle = colour;
      context.fillStyle = colour;
      context.lineWidth = 2;
      context.lineCap = "round";
      context.lineJoin = "round";
      SIGNS[tone](context);
    });
  }

  private ofFrame(): HTMLCanvasElement {
    return this.sprite("frame", (context) => field(context, null, this.token("--qd-line-strong"), false));
  }

  /** A thick frame and a marked corner. */
  private ofSelection(): HTMLCanvasElement {
    return this.sprite("selection", (context) => {
      context.strokeStyle = this.token("--qd-accent");
      context.fillStyle = this.token("--qd-accent");
      context.lineWidth = 3;
      context.beginPath();
      context.roundRect(1.5, 1.5, SIZE - 3, SIZE - 3, 4);
      context.stroke();
      path(context, [SIZE - 15, 1], [SIZE - 1, 1], [SIZE - 1, 15]);
      context.fill();
      context.strokeStyle = this.token("--qd-surface");
      context.lineWidth = 1.5;
      path(context, [SIZE - 9, 5], [SIZE - 7, 7], [SIZE - 3, 3]);
      context.stroke();
    });
  }

  private sprite(name: string, draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
    const known = this.sprites.get(name);
    if (known) return known;
    const made = document.createElement("canvas");
    const context = prepared(made, SIZE, SIZE, this.ratio);
    if (context) draw(context);
    this.sprites.set(name, made);
    return made;
  }

  private token(name: string): string {
    return this.style.getPropertyValue(name).trim() || "#888";
  }
}

/** Setting the size, even to the same, makes a canvas anew. */
function prepared(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  ratio: number,
): CanvasRenderingContext2D | null {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  return context;
}

function field(context: CanvasRenderingContext2D, wash: string | null, line: string, dashed: boolean): void {
  context.beginPath();
  context.roundRect(0.5, 0.5, SIZE - 1, SIZE - 1, 4);
  if (wash) {
    context.fillStyle = wash;
    context.fill();
  }
  context.strokeStyle = line;
  context.lineWidth = 1;
  if (dashed) context.setLineDash([3, 2]);
  context.stroke();
  context.setLineDash([]);
}

function path(context: CanvasRenderingContext2D, ...points: [number, number][]): void {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
}

function circle(context: CanvasRenderingContext2D): void {
  context.beginPath();
  context.arc(16, 16, 6.5, 0, 2 * Math.PI);
  context.stroke();
}

/** As the badges have them: a state is told by its sign too. */
const SIGNS: Record<Tone, (context: CanvasRenderingContext2D) => void> = {
  completed(context) {
    path(context, [10, 16.5], [14, 20.5], [22, 12]);
    context.stroke();
  },
  running(context) {
    path(context, [12, 10], [22, 16], [12, 22]);
    context.closePath();
    context.stroke();
  },
  waiting(context) {
    circle(context);
    path(context, [16, 12.5], [16, 16], [18.5, 17.5]);
    context.stroke();
  },
  failed(context) {
    path(context, [11, 11], [21, 21]);
    context.stroke();
    path(context, [21, 11], [11, 21]);
    context.stroke();
  },
  cancelled(context) {
    path(context, [16, 9.5], [23, 22], [9, 22]);
    context.closePath();
    context.stroke();
    path(context, [16, 14], [16, 17]);
    context.stroke();
    path(context, [16, 19.6], [16, 19.7]);
    context.stroke();
  },
  unknown(context) {
    context.font = "600 16px system-ui, sans-serif";
    context.fillText("?", 16, 17);
  },
};
