import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import type { ImageScan } from "../api/types";
import { renderPart } from "../test/render";
import { ScanImages } from "./ScanImages";

const { server } = vi.hoisted(() => ({ server: { scan: null as unknown } }));

vi.mock("../api/http", () => ({
  authorizedFetch: async (request: Request) =>
    request.method === "POST" ? Response.json({ scan_id: "s" }, { status: 202 }) : Response.json(server.scan),
}));

const host = (name: string, change: Partial<ImageScan["hosts"][number]> = {}) => ({
  host: name,
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
      <ScanImages />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Scan for images" }));
  return (await screen.findByText(/images in the catalogue/)).textContent;
}

describe("a scan for images", () => {
  it("says what it found, and what is gone or could not be looked at", async () => {
    expect(await scan(host("n1", { images_removed: 1 }), host("n2", { images_stale: 4 }))).toBe(
      "6 images in the catalogue. 1 was removed or replaced. 4 could not be looked at.",
    );
  });

  it("speaks of neither where there are none", async () => {
    expect(await scan(host("n1"))).toBe("3 images in the catalogue.");
  });
});
