import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renderPart } from "../test/render";
import { OverviewPage } from "./OverviewPage";

const { asked, server } = vi.hoisted(() => ({
  asked: [] as string[],
  server: { overview: (): Promise<Response> => new Promise(() => undefined) },
}));

vi.mock("../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (pathname.endsWith("/overview")) return server.overview();
    return Response.json({ items: [], next_cursor: null, jobs: 0 });
  },
}));
vi.mock("@tanstack/react-router", () => ({
  Link: ({ children }: { children: React.ReactNode }) => <a href="/x">{children}</a>,
  getRouteApi: () => ({ useParams: () => ({ cluster: "slurm" }) }),
  useNavigate: () => () => undefined,
}));

const NODES = "/api/v1/clusters/slurm/nodes";
const overview = (nodes: object | null) => ({
  as_of: "2026-11-24T02:00:00Z",
  stale: false,
  stale_reason: null,
  mine: { running: 7, pending: 0, failed: 0, completed: 0 },
  jobs: { running: 7, pending: 0 },
  cpus: null,
  memory_mib: null,
  gpus: null,
  nodes,
});

beforeEach(() => {
  asked.length = 0;
});

function show() {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  renderPart(
    <QueryClientProvider client={cache}>
      <OverviewPage />
    </QueryClientProvider>,
  );
}

describe("the nodes on the overview", () => {
  it("are not asked for, but have their place, until it is known whether they may be seen", async () => {
    let answer = (_: Response): void => undefined;
    server.overview = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    show();
    await vi.waitFor(() => expect(asked).toContain("/api/v1/clusters/slurm/overview"));
    expect(screen.getByRole("heading", { name: "Nodes" })).toBeTruthy();
    expect(asked).not.toContain(NODES);
    answer(Response.json(overview({ total: 1, by_state: { idle: 1 } })));
    await vi.waitFor(() => expect(asked).toContain(NODES));
  });

  it("are never asked for on a site that keeps them from its users", async () => {
    server.overview = async () => Response.json(overview(null));
    show();
    await screen.findByText("7");
    expect(screen.queryByRole("heading", { name: "Nodes" })).toBeNull();
    expect(asked).not.toContain(NODES);
  });
});

describe("a source that fails", () => {
  it("is named, with since when and why, though what is shown is fresh", async () => {
    const fallback = { since: "2026-11-24T01:30:00Z", reason: "slurmrestd cannot be reached: refused" };
    server.overview = async () => Response.json({ ...overview(null), fallback });
    show();
    const note = await screen.findByText(/slurmrestd has failed since/);
    expect(note.textContent).toContain("Reason: slurmrestd cannot be reached: refused");
    expect(note.textContent).toMatch(/ago\)/);
  });
});
