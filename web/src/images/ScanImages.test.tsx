import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import type { ImageScan } from "../api/types";
import { renderPart } from "../test/render";
import { ScanImages } from "./ScanImages";
import { ScanPanel } from "./ScanPanel";

const { server } = vi.hoisted(() => ({ server: { scan: null as unknown, ended: "" } }));

vi.mock("../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    if (request.method === "POST") return Response.json({ scan_id: "s" }, { status: 202 });
    if (request.method !== "DELETE") return Response.json(server.scan);
    server.ended = new URL(request.url).pathname;
    return new Response(null, { status: 202 });
  },
}));

function Scanned() {
  const [id, setId] = useState<string | null>(null);
  return (
    <>
      <ScanImages id={id} onStart={setId} />
      {id && <ScanPanel id={id} />}
    </>
  );
}

const host = (name: string, change: Partial<ImageScan["hosts"][number]> = {}) => ({
  host: name,
  state: "finished" as const,
  error: null,
  files_seen: 9,
  images_read: 1,
  images_unchanged: 2,
  images_removed: 0,
  images_stale: 0,
  errors_total: 0,
  errors: [],
  ...change,
});

async function scan(...hosts: ReturnType<typeof host>[]) {
  server.scan = { id: "s", state: "finished", message: null, asked_at: "", finished_at: "", hosts };
  renderPart(
    <QueryClientProvider client={new QueryClient()}>
      <Scanned />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Scan for images" }));
  return (await screen.findByRole("status")).textContent;
}

describe("a scan for images", () => {
  it("says what it found, and what is gone or could not be looked at", async () => {
    expect(await scan(host("n1", { images_removed: 1 }), host("n2", { images_stale: 4 }))).toBe(
      "6 image files on all nodes together. 1 was removed or replaced. 4 could not be looked at.",
    );
  });

  it("speaks of neither where there are none", async () => {
    expect(await scan(host("n1"))).toBe("3 images in the catalogue.");
  });

  it("names the nodes that failed first, with the reason, and the others on demand", async () => {
    const good = Array.from({ length: 30 }, (_, number) => host(`n${number}`));
    const trouble = host("n30", {
      errors_total: 2,
      errors: [{ path: "/images/a.sif", message: "is damaged" }],
    });
    await scan(
      ...good,
      trouble,
      host("n31", { state: "failed", error: "n31 is not in known_hosts", images_stale: 3 }),
    );
    const shown = within(screen.getByRole("region", { name: "Scan" }));
    shown.getByText("32 of 32 nodes looked at. 1 failed.");
    const names = shown.getAllByText(/^n\d+$/).map(({ textContent }) => textContent);
    expect(names).toEqual(["n31", "n30"]);
    shown.getByText("n31 is not in known_hosts");
    shown.getByText("1 more, which the server's log has");
    await userEvent.click(shown.getByText("30 other nodes"));
    expect(shown.getAllByText(/^n\d+$/)).toHaveLength(22);
    await userEvent.click(shown.getByRole("button", { name: "Load more" }));
    expect(shown.getAllByText(/^n\d+$/)).toHaveLength(32);
    expect(shown.queryByRole("button", { name: "End the scan" })).toBeNull();
  });

  it("is ended while it goes on", async () => {
    server.scan = {
      id: "s",
      state: "running",
      message: null,
      asked_at: "",
      finished_at: null,
      hosts: [host("n1"), host("n2", { state: "running" })],
    };
    renderPart(
      <QueryClientProvider client={new QueryClient()}>
        <Scanned />
      </QueryClientProvider>,
    );
    await userEvent.click(screen.getByRole("button", { name: "Scan for images" }));
    await screen.findByText("1 of 2 nodes looked at.");
    await userEvent.click(screen.getByRole("button", { name: "End the scan" }));
    expect(server.ended).toBe("/api/v1/images/scans/s");
  });
});
