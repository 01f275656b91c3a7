// What the list of nodes shows and how, as its URL says it.
import type { Node } from "../api/types";

export const NODE_VIEWS = ["table", "grid"] as const;
export type NodeView = (typeof NODE_VIEWS)[number];
export const NODE_COLOURS = ["state", "load", "memory", "gpus"] as const;
export type NodeColour = (typeof NODE_COLOURS)[number];

export interface NodeFilter {
  q?: string;
  state?: string;
  partition?: string;
  /** Missing: the table. */
  view?: "grid";
  /** Missing: by state. */
  colour?: Exclude<NodeColour, "state">;
}

export function nodeFilterFromSearch(search: Record<string, unknown>): NodeFilter {
  const filter: NodeFilter = {};
  for (const name of ["q", "state", "partition"] as const) {
    const value = search[name];
    // The router reads `?q=12` as a number.
    if (typeof value === "number" || (typeof value === "string" && value !== ""))
      filter[name] = String(value);
  }
  if (search.view === "grid") filter.view = "grid";
  if (search.colour === "load" || search.colour === "memory" || search.colour === "gpus")
    filter.colour = search.colour;
  return filter;
}

export function matching(nodes: Node[], filter: NodeFilter): Node[] {
  const text = filter.q?.toLowerCase();
  return nodes.filter(
    (node) =>
      (!text || [node.name, node.reason ?? ""].some((words) => words.toLowerCase().includes(text))) &&
      (!filter.state || node.state === filter.state) &&
      (!filter.partition || node.partitions.includes(filter.partition)),
  );
}

/** 0 and up, of what the node has; `null` where there is nothing to tell. A load may be more than its CPUs. */
export function shareOf(node: Node, by: Exclude<NodeColour, "state">): number | null {
  if (by === "load")
    return typeof node.load === "number" && node.cpus.total > 0 ? node.load / node.cpus.total : null;
  const { used, total } = by === "memory" ? node.memory_mib : node.gpus;
  return total > 0 ? used / total : null;
}
