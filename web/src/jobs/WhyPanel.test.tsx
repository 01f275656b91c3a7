import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { JobDetail, JobWhy } from "../api/types";
import { why } from "../i18n/en/why";
import { job } from "../test/jobs";
import { renderPart } from "../test/render";
import { whyQuery } from "./queries";
import { WhyPanel } from "./WhyPanel";

const SERVER = join(import.meta.dirname, "../../../crates/quarterdeck-server/src/jobs/why");

const fresh = { starts_at: null, as_of: null, stale: false, stale_reason: null };

/** Shows the panel as if the server had answered this. */
function show(change: Partial<JobDetail>, why: Partial<JobWhy>, language: "en" | "ko" = "en") {
  const shown = { ...job("7"), actions: [], files: [], stale: false, ...change } as unknown as JobDetail;
  const cache = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  cache.setQueryData(whyQuery("slurm", shown).queryKey, { items: [], ...fresh, ...why });
  const root = createRootRoute();
  const at = (path: string) =>
    createRoute({
      getParentRoute: () => root,
      path,
      component: path === "/" ? () => <WhyPanel cluster="slurm" job={shown} /> : () => null,
    });
  const routes = ["/", "/clusters/$cluster/jobs/$job", "/clusters/$cluster/new-job"].map(at);
  const router = createRouter({ routeTree: root.addChildren(routes), history: createMemoryHistory() });
  return renderPart(
    <QueryClientProvider client={cache}>
      <RouterProvider router={router as never} />
    </QueryClientProvider>,
    language,
  );
}

const line = {
  text: "<b>slurm_script: line 3: gmx: command not found</b>",
  from_end: 2,
  stream: "stderr" as const,
};

describe("why a job waits or failed", () => {
  it("says what was found, what to do, and shows the line of the output as text", async () => {
    show(
      { state: "FAILED", reason: "NonZeroExitCode" },
      { items: [{ code: "command-not-found", params: { name: "gmx" }, line }] },
    );
    expect(await screen.findByRole("region", { name: "Why it failed" })).toBeDefined();
    expect(screen.getByText("A command was not found: gmx")).toBeDefined();
    expect(screen.getByText(why.codes["command-not-found"].advice)).toBeDefined();
    expect(screen.getByText(line.text)).toBeDefined();
    expect(screen.getByText("NonZeroExitCode")).toBeDefined();
    const link = screen.getByRole("link", { name: "Line 2 from the end of the output" });
    expect(link.getAttribute("href")).toBe("/clusters/slurm/jobs/7?tab=output&stream=stderr");
  });

  it("speaks Korean", async () => {
    show(
      { state: "PENDING" },
      { items: [{ code: "priority", params: { count: 3 }, line: null }], starts_at: "2026-11-25T03:00:00Z" },
      "ko",
    );
    expect(await screen.findByRole("region", { name: "대기 사유" })).toBeDefined();
    expect(screen.getByText("우선순위가 더 높은 작업이 앞에 있습니다.")).toBeDefined();
    expect(screen.getByText("같은 파티션에서 앞에 있는 작업: 3개.")).toBeDefined();
    expect(screen.getByText(/시작할 것으로 예상됩니다/)).toBeDefined();
  });

  it("offers a new job whose limit ends before the maintenance", async () => {
    const params = {
      name: "friday",
      limit_minutes: 1440,
      fits_minutes: 1080,
      starts_at: "2026-11-27T06:00:00Z",
      ends_at: "2026-11-27T08:00:00Z",
    };
    show(
      { state: "PENDING", mine: true, template: "shell@1.0.0", partition: "compute" },
      { items: [{ code: "maintenance-ahead", params, line: null }] },
    );
    const link = await screen.findByRole("link", { name: "New job of 18h" });
    const address = new URL(link.getAttribute("href") ?? "", "http://portal");
    expect(address.searchParams.get("template")).toBe("shell");
    expect(JSON.parse(address.searchParams.get("resources") ?? "{}")).toEqual({
      time_limit_minutes: 1080,
      partition: "compute",
    });
    expect(screen.getByText(/Its limit of 1d reaches into the maintenance friday/)).toBeDefined();
  });

  it("shows a code that it does not know yet, and a limit in words", async () => {
    const limit = { of: "qos", resource: "gres", reason: "QOSMaxGRESPerUser" };
    show(
      { state: "PENDING" },
      {
        items: [
          { code: "teleporting", params: {}, line: null },
          { code: "limit-user", params: limit, line: null },
        ],
      },
    );
    expect(await screen.findByText(/not known here: teleporting/)).toBeDefined();
    expect(
      screen.getByText("The QOS allows each user no more GPUs or other devices at once (QOSMaxGRESPerUser)."),
    ).toBeDefined();
  });

  it("is not there where all is well", async () => {
    const { container } = show({ state: "RUNNING" }, {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(container.querySelector("section")).toBeNull();
  });

  it("has words for each code of the server's, and no others", () => {
    const sources = readdirSync(SERVER).filter((file) => file !== "tests.rs");
    const text = sources
      .map((file) => readFileSync(join(SERVER, file), "utf8").split("#[cfg(test)]")[0])
      .join();
    const codes = new Set<string>();
    const places = [
      /Finding::new\("([a-z-]+)"\)/g,
      /of_partition\("([a-z-]+)"\)/g,
      /=> "((?:limit|maintenance)-[a-z]+)"/g,
      /\(\s*"([a-z-]+)",\s*r"/g,
      /const [A-Z_]+: &str = "([a-z-]+)"/g,
    ];
    for (const place of places) for (const [, code] of text.matchAll(place)) codes.add(code ?? "");
    expect(Object.keys(why.codes).sort()).toEqual([...codes].sort());
  });
});
