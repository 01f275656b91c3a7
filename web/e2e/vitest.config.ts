// The journeys run one after the other against servers that somebody else started.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    environment: "node",
    include: [
      "journey.ts",
      "uploads.ts",
      "arrays.ts",
      "sweeps.ts",
      "job-control.ts",
      "chain.ts",
      "memory.ts",
      "efficiency.ts",
      "results.ts",
      "file-changes.ts",
      "file-tasks.ts",
      "file-edits.ts",
      "templates.ts",
      "share.ts",
      "nodes.ts",
      "cluster.ts",
      "notifications.ts",
      "account.ts",
    ],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    sequence: { concurrent: false },
    // A step that fails leaves the ones after it nothing to stand on.
    bail: 1,
  },
});
