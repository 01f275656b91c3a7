// What the list of nodes shows and how, as its URL says it.
import type { Node } from "../api/types";

export const NODE_VIEWS = ["table", "grid"] as const;
export type NodeView = (typeof NODE_VIEWS)[number];
export const NODE_COLOURS = ["state", "load", "memory", "gpus"] as const;
export type NodeColour = (typeof NODE_COLOURS)[number];

/** What the nodes can be put in order by; with a minus before it the largest first. */
export const NODE_SORTS = ["name", "state", "cpus", "memory", "gpus", "load"] as const;
export type NodeSort = (typeof NODE_SORTS)[number];

export interface NodeFilter {
  q?: string;
  state?: string;
  partition?: string;
  feature?: string;
  /** Missing: as Slurm lists them. */
  sort?: NodeSort | `-${NodeSort}`;
  /** Missing: the table. */
  view?: "grid";
  /** Missing: by state. */
  colour?: Exclude<NodeColour, "state">;
}

export function nodeFilterFromSearch(search: Record<string, unknown>): NodeFilter {
  const filter: NodeFilter = {};
  for (const name of ["q", "state", "partition", "feature"] as const) {
    const value = search[name];
    // The router reads `?q=12` as a number.
    if (typeof value === "number" || (typeof value === "string" && value !== ""))
      filter[name] = String(value);
  }
  const sort = typeof search.sort === "string" ? search.sort : "";
  if (NODE_SORTS.some((known) => sort === known || sort === `-${known}`))
    filter.sort = sort as NodeSort | `-${NodeSort}`;
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
      (!filter.partition || node.partitions.includes(filter.partition)) &&
      (!filter.feature || node.features.includes(filter.feature)),
  );
}

/** In a new order; nodes of which there is nothing to tell stand last. */
export function sorted(nodes: Node[], sort: NodeFilter["sort"]): Node[] {
  if (!sort) return nodes;
  const descending = sort.startsWith("-");
  const by = (descending ? sort.slice(1) : sort) as NodeSort;
  if (by === "name" || by === "state") {
    // c2 before c10.
    const order = new Intl.Collator("en", { numeric: true });
    const sign = descending ? -1 : 1;
    return [...nodes].sort(
      (one, other) => sign * order.compare(one[by], other[by]) || order.compare(one.name, other.name),
    );
  }
  const figure = (node: Node) =>
    by === "cpus"
      ? node.cpus.total > 0
        ? node.cpus.used / node.cpus.total
        : null
      : by === "load"
        ? (node.load ?? null)
        : shareOf(node, by);
  const figures = new Map(nodes.map((node) => [node, figure(node)]));
  return [...nodes].sort((one, other) => {
    const [first, second] = [figures.get(one) ?? null, figures.get(other) ?? null];
    if (first === null || second === null) return Number(first === null) - Number(second === null);
    return descending ? second - first : first - second;
  });
}

/** 0 and up, of what the node has; `null` where there is nothing to tell. A load may be more than its CPUs. */
export function shareOf(node: Node, by: Exclude<NodeColour, "state">): number | null {
  if (by === "load")
    return typeof node.load === "number" && node.cpus.total > 0 ? node.load / node.cpus.total : null;
  const { used, total } = by === "memory" ? node.memory_mib : node.gpus;
  return total > 0 ? used / total : null;
}
