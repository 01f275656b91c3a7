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
  it("says what became of its signatures, and where", async () => {
    const verified = {
      fingerprint: "4dd4",
      hash: "SHA-256",
      verdict: "verified",
      signer: "Site <images@example.org>",
      why: null,
    } as const;
    const bad = { ...verified, verdict: "bad", signer: null, why: "object 3 (FS) was changed" } as const;
    show({
      signed: true,
      signature: "bad",
      locations: [
        imageLocation("n1", { signatures: [verified] }),
        imageLocation("n2", { signatures: [verified] }),
        imageLocation("n3", { signatures: [bad] }),
        imageLocation("n4", { state: "inactive", signatures: [{ ...bad, why: "long ago" }] }),
      ],
    });
    const table = await screen.findByRole("table", { name: "Signatures" });
    const rows = within(table).getAllByRole("row").slice(1);
    expect(rows.map((row) => row.textContent)).toEqual([
      "VerifiedSite <images@example.org>4dd42 nodes",
      "Badobject 3 (FS) was changed–4dd4n3",
    ]);
    expect(screen.getByText(/do not run it, and tell an administrator/)).toBeTruthy();
    expect(screen.getByText("Bad signature")).toBeTruthy();
  });

  it("says which digests its files have, and why one has none", async () => {
    show({
      locations: [
        imageLocation("n1", { sha256: "5994" }),
        imageLocation("n2", { sha256: "5994" }),
        imageLocation("n3", { sha256: "ab01" }),
        imageLocation("n4", { sha256_problem: "n4: sha256sum failed" }),
        imageLocation("n5", { sha256: "old0", state: "inactive" }),
      ],
    });
    const digests = (await screen.findByText("SHA-256")).nextElementSibling;
    expect(digests?.textContent).toBe(
      "5994ab01The files at its locations are not all the same.It could not be computed: n4: sha256sum failed",
    );
  });

  it("says that its digest is being computed", async () => {
    show({ locations: [imageLocation("n1", { sha256_wanted: true })] });
    expect(await screen.findByText("It is being computed.")).toBeTruthy();
  });

  it("says why its signatures could not be checked", async () => {
    const locations = [imageLocation("n1", { signatures_problem: "n1: permission denied" })];
    show({ signed: true, signature: "not_checked", locations });
    expect(await screen.findByText("They could not be checked: n1: permission denied")).toBeTruthy();
    expect(screen.getByText("Signed (not verified)")).toBeTruthy();
  });

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
