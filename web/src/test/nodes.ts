// Nodes for tests: idle, with four CPUs.
import type { Node } from "../api/types";

export function node(name: string, change: Partial<Node> = {}): Node {
  return {
    name,
    state: "idle",
    flags: [],
    cpus: { total: 4, used: 0 },
    memory_mib: { total: 8000, used: 0 },
    gpus: { total: 0, used: 0 },
    load: 0,
    partitions: ["cpu"],
    reason: null,
    ...change,
  };
}
