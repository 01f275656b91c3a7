import { screen, within } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { ImageDetail } from "../api/types";
import { imageDetail, imageLocation } from "../test/images";
import { showPage } from "../test/page";
import { ImagePage } from "./ImagePage";

const { server } = vi.hoisted(() => ({ server: { image: null as unknown } }));

vi.mock("../api/http", () => ({ authorizedFetch: async () => Response.json(server.image) }));

function show(change: Partial<ImageDetail>, language?: "en" | "ko") {
  server.image = imageDetail("demo", { apps: ["sum"], ...change });
  showPage("/images/$image", ImagePage, "/images/demo", language);
}

const gone = imageLocation("n3", { state: "inactive", gone_at: "2025-11-03T12:00:00Z" });

describe("an image", () => {
  it("says where it lies and lay, and in which state with when", async () => {
    show({
      locations: [
        imageLocation("login", { source: "server" }),
        imageLocation("n2", { state: "stale", last_seen_at: "2025-10-02T12:00:00Z", path: "/old/demo.sif" }),
        gone,
      ],
    });
    const table = await screen.findByRole("table", { name: "Locations" });
    const texts = within(table)
      .getAllByRole("row")
      .slice(1)
      .map((row) => row.textContent ?? "");
    expect(texts[0]).toMatch(/^login \(portal's host\)\/images\/demo\.sif1 KiB.*In place$/);
    expect(texts[1]).toMatch(/^n2 \/old\/demo\.sif.*Oct 2, 2025Unconfirmed since Oct 2, 2025$/);
    expect(texts[2]).toMatch(/^n3 .*Removed Nov 3, 2025$/);
  });

  it("says by what it is known again", async () => {
    show({ identity: { kind: "content", value: "5f0c" } });
    const value = await screen.findByText("5f0c");
    expect(value.closest("dd")?.textContent).toBe("By a hash of its content: 5f0c");
  });

  it("is offered for jobs, and so are its apps", async () => {
    show({});
    const link = await screen.findByRole("link", { name: "Use in a job" });
    expect(link.getAttribute("href")).toBe("/clusters/slurm/new-job?image=demo");
    expect(screen.getByRole("link", { name: "Use sum" })).toBeTruthy();
    expect(screen.queryByRole("status")).toBeNull();
  });

  it("that was removed is not offered, and says so", async () => {
    show({ state: "inactive", gone_at: gone.gone_at, locations: [gone] });
    const header = await screen.findByRole("banner");
    expect(await within(header).findByText("Removed Nov 3, 2025")).toBeTruthy();
    expect(screen.getByText(/jobs cannot run in it any more/)).toBeTruthy();
    expect(screen.queryByRole("link", { name: /^Use/ })).toBeNull();
  });

  it("that could not be looked at is offered, with when it was last seen", async () => {
    const seen = (host: string, last_seen_at: string) =>
      imageLocation(host, { state: "stale", last_seen_at });
    show(
      {
        state: "stale",
        locations: [seen("n1", "2025-11-03T12:00:00Z"), seen("n2", "2025-10-02T12:00:00Z")],
      },
      "ko",
    );
    const header = await screen.findByRole("banner");
    expect(await within(header).findByText("2025. 11. 3. 이후 미확인")).toBeTruthy();
    expect(screen.getByText(/그 사이 삭제되었을 수 있습니다/)).toBeTruthy();
    expect(screen.getByRole("link", { name: "작업에 사용" })).toBeTruthy();
  });

  it("beside which other hosts have another leads to where they are compared", async () => {
    show({ drifts: true, locations: [imageLocation("n1")] });
    const link = await screen.findByRole("link", { name: "Compare them" });
    expect(link.getAttribute("href")).toBe("/images#drift");
  });
});
