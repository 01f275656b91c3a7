// Follows a cluster's nodes for as long as a part of the page shows them.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Node, NodeDetail, NodePage } from "../api/types";
import { nodeQuery, nodesQuery } from "../nodes/queries";
import { overviewQuery } from "../overview/queries";
import type { ChannelMessage, LiveConnection } from "./connection";
import { fallbackOf } from "./follow-jobs";
import { live } from "./live";

export function useFollowNodes(cluster: string): void {
  const cache = useQueryClient();
  useEffect(() => followNodes(live, cache, cluster), [cache, cluster]);
}

export function followNodes(connection: LiveConnection, cache: QueryClient, cluster: string): () => void {
  const key = nodesQuery(cluster).queryKey;
  const known = () => cache.getQueryData<NodePage>(key);

  const show = (items: Node[], fresh: Partial<NodePage>) => {
    // The answer to an older question would take back what is newer here.
    void cache.cancelQueries({ queryKey: key });
    const before = new Map(known()?.items.map((node) => [node.name, node]));
    cache.setQueryData<NodePage>(key, { ...EMPTY, ...known(), ...fresh, items });
    let figures = items.length !== before.size;
    for (const node of items) {
      const old = before.get(node.name);
      if (old === node) continue;
      const detail = nodeQuery(cluster, node.name).queryKey;
      cache.setQueryData<NodeDetail>(detail, (shown) => shown && { ...shown, ...node });
      if (old && differsInLoadAlone(old, node)) continue;
      figures = true;
      // Who gave the reason and what may be done now are told there alone.
      void cache.invalidateQueries({ queryKey: detail });
    }
    if (figures) void cache.invalidateQueries({ queryKey: overviewQuery(cluster).queryKey });
  };

  const onMessage = (message: ChannelMessage) => {
    if (message.type === "snapshot") {
      show(nodesOf(message.items), freshnessOf(message));
    } else if (message.type === "delta") {
      const list = known();
      // What comes before the list is in the list.
      if (list) show(merged(list.items, nodesOf(message.upsert), message.remove), {});
    } else if (message.type === "status" && known()) {
      cache.setQueryData<NodePage>(key, (page) => page && { ...page, ...freshnessOf(message) });
    }
  };

  return connection.subscribe(`nodes:${cluster}`, { onMessage });
}

const EMPTY: NodePage = {
  items: [],
  next_cursor: null,
  as_of: null,
  stale: false,
  stale_reason: null,
  fallback: null,
};

/** In the order in which they stand; new ones after them. */
export function merged(before: Node[], upsert: Node[], remove: unknown): Node[] {
  const gone = new Set(Array.isArray(remove) ? remove : []);
  const changed = new Map(upsert.map((node) => [node.name, node]));
  const kept = before.filter(({ name }) => !gone.has(name)).map((node) => changed.get(node.name) ?? node);
  const there = new Set(before.map(({ name }) => name));
  return [...kept, ...upsert.filter(({ name }) => !there.has(name))];
}

function differsInLoadAlone(one: Node, other: Node): boolean {
  return JSON.stringify({ ...one, load: null }) === JSON.stringify({ ...other, load: null });
}

function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? (value as Node[]) : [];
}

function freshnessOf(message: ChannelMessage): Partial<NodePage> {
  return {
    as_of: typeof message.as_of === "string" ? message.as_of : null,
    stale: message.stale === true,
    stale_reason: typeof message.stale_reason === "string" ? message.stale_reason : null,
    fallback: fallbackOf(message),
  };
}
