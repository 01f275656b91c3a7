import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageDrift } from "../api/types";
import { image } from "../test/images";
import { showPage } from "../test/page";
import { ImagesPage } from "./ImagesPage";

const { server } = vi.hoisted(() => ({
  server: { asked: [] as URL[], images: [] as unknown[], drift: [] as unknown[] },
}));

vi.mock("../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const url = new URL(request.url);
    server.asked.push(url);
    const items = url.pathname.endsWith("/drift") ? server.drift : server.images;
    return Response.json({ items, next_cursor: null });
  },
}));

const show = (at = "/images", language?: "en" | "ko") => showPage("/images", ImagesPage, at, language);

/** What the catalogue was asked for last. */
const lastAsked = () => {
  const asked = server.asked.filter(({ pathname }) => pathname === "/api/v1/images").at(-1);
  return Object.fromEntries(asked?.searchParams ?? []);
};

beforeEach(() => {
  server.asked = [];
  server.images = [image("demo"), image("paraview")];
  server.drift = [];
});

describe("the catalogue of images", () => {
  it("is looked through by the server for words, and by kind and state; the address carries them", async () => {
    const { address } = show();
    await screen.findByRole("link", { name: "demo" });
    expect(lastAsked()).toEqual({ limit: "100" });
    await userEvent.type(screen.getByLabelText("Name, path, label or app"), "para view");
    await vi.waitFor(() => expect(lastAsked()).toEqual({ limit: "100", q: "para view" }));
    await userEvent.selectOptions(screen.getByLabelText("Kind"), "Visualisation");
    await userEvent.selectOptions(screen.getByLabelText("State"), "Removed");
    await vi.waitFor(() =>
      expect(lastAsked()).toEqual({ limit: "100", q: "para view", kind: "viz", state: "inactive" }),
    );
    const { searchParams } = new URL(address(), "http://portal");
    expect(Object.fromEntries(searchParams)).toEqual({ q: "para view", kind: "viz", state: "inactive" });
  });

  it("asks for nothing that an address says and nobody understands", async () => {
    show("/images?kind=round&state=sleepy&q=demo");
    await screen.findByRole("link", { name: "demo" });
    expect(lastAsked()).toEqual({ limit: "100", q: "demo" });
  });

  it("marks what was removed with when, and what could not be looked at", async () => {
    server.images = [
      image("demo", { hosts: 3 }),
      image("far", { state: "stale" }),
      image("gone", { state: "inactive", gone_at: "2025-11-03T12:00:00Z", hosts: 0 }),
    ];
    show();
    const rows = await screen.findAllByRole("row");
    const texts = rows.slice(1).map((row) => row.textContent ?? "");
    expect(texts[0]).toMatch(/3 nodes.*In place/);
    expect(texts[1]).toMatch(/n1.*Unconfirmed/);
    expect(texts[2]).toMatch(/n1.*Removed Nov 3, 2025/);
  });

  it("says it in Korean", async () => {
    server.images = [image("gone", { state: "inactive", gone_at: "2025-11-03T12:00:00Z" })];
    show("/images", "ko");
    expect(await screen.findByText("2025. 11. 3. 삭제됨")).toBeTruthy();
  });
});

describe("hosts with different images at one path", () => {
  const drift: ImageDrift = {
    cluster: "slurm",
    path: "/images/demo.sif",
    images: [
      {
        id: "a",
        identity: { kind: "header", value: "uuid-a" },
        name: "demo",
        size: 2048,
        version: "2.0",
        created_at: null,
        problem: null,
        hosts: ["n1", "n2"],
      },
      {
        id: "b",
        identity: { kind: "content", value: "5f0c" },
        name: "demo",
        size: 1024,
        version: "1.9",
        created_at: null,
        problem: "It is cut off: copy it again.",
        hosts: ["n3"],
      },
    ],
  };

  it("are compared side by side, each with a way to it, and told of above the catalogue", async () => {
    server.drift = [drift];
    server.images = [image("demo", { drifts: true })];
    show("/images?q=demo");
    const path = await screen.findByRole("region", { name: "/images/demo.sif" });
    const [most, other] = within(path).getAllByRole("listitem");
    expect(most?.textContent).toMatch(/n1, n2.*2\.0.*2 KiB.*UUID.*uuid-a/);
    expect(other?.textContent).toMatch(/cut off.*n3.*1\.9.*1 KiB.*hash.*5f0c/);
    expect(within(path).getByRole("link", { name: "demo on n3" }).getAttribute("href")).toBe("/images/b");
    expect(screen.getByLabelText("Other nodes have a different image at the same path.")).toBeTruthy();
    const link = screen.getByRole("link", { name: "Nodes differ at 1 path" });
    expect(link.getAttribute("href")).toBe("/images?q=demo#drift");
  });

  it("name some of many hosts", async () => {
    const hosts = Array.from({ length: 40 }, (_, number) => `n${number}`);
    server.drift = [{ ...drift, images: drift.images.map((image) => ({ ...image, hosts })) }];
    show();
    expect(await screen.findAllByText(/n0, .* n11 and 28 more$/)).toHaveLength(2);
  });

  it("are not spoken of where there are none", async () => {
    show();
    await screen.findByRole("link", { name: "demo" });
    await vi.waitFor(() =>
      expect(server.asked.some(({ pathname }) => pathname.endsWith("/drift"))).toBe(true),
    );
    expect(screen.queryByRole("heading", { name: "Different images at the same path" })).toBeNull();
    expect(screen.queryByText(/Nodes differ/)).toBeNull();
  });
});
