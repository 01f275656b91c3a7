import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Template } from "../../api/types";
import { image, imageDetail, imageLocation } from "../../test/images";
import { renderPart } from "../../test/render";
import { ImagePart } from "./ImagePart";

const { server } = vi.hoisted(() => ({
  server: {
    /** By the words that are looked for. */
    found: {} as Record<string, unknown[] | undefined>,
    asked: [] as string[],
    more: null as string | null,
    named: null as unknown,
  },
}));

vi.mock("../../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    const { pathname, search, searchParams } = new URL(request.url);
    if (pathname === "/api/v1/images") {
      server.asked.push(search);
      const found = server.found[searchParams.get("cursor") ?? searchParams.get("q") ?? ""];
      return found
        ? Response.json({ items: found, next_cursor: searchParams.has("cursor") ? null : server.more })
        : Response.json({ code: "bad-request", detail: "not understood" }, { status: 400 });
    }
    return server.named
      ? Response.json(server.named)
      : Response.json({ code: "not-found", detail: "" }, { status: 404 });
  },
}));

beforeEach(() => {
  server.found = { "": [image("demo", { apps: ["sum"] })] };
  server.asked = [];
  server.more = null;
  server.named = null;
});

function show(chosen: string | null = null, onChange = vi.fn()) {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  renderPart(
    <QueryClientProvider client={cache}>
      <ImagePart
        cluster="slurm"
        partition={undefined}
        template={{ image: "required" } as Template}
        image={chosen}
        app={null}
        error={null}
        appError={null}
        onChange={onChange}
      />
    </QueryClientProvider>,
  );
}

const SEARCH = "Name, path, label or app";
const many = Array.from({ length: 8 }, (_, number) => image(`i${number}`));
const names = () => screen.queryAllByRole("radio").map((radio) => radio.getAttribute("aria-label"));

describe("the images of a new job", () => {
  it("are those that the server has for this cluster, wherever else they lie", async () => {
    server.found[""] = [image("demo"), image("both", { cluster: "other" })];
    show();
    await screen.findByRole("radio", { name: "demo" });
    expect(names()).toEqual(["demo", "both"]);
    expect(server.asked).toEqual(["?cluster=slurm&limit=100"]);
  });

  it("are marked where nobody could look whether they are still there, and can be chosen", async () => {
    server.found[""] = [image("far", { state: "stale", apps: ["sum"] })];
    const onChange = vi.fn();
    show(null, onChange);
    const radio = await screen.findByRole("radio", { name: "far" });
    expect(screen.getByText("Unconfirmed")).toBeTruthy();
    const described = document.getElementById(radio.getAttribute("aria-describedby") ?? "");
    expect(described?.textContent).toBe(
      "The last scan could not look at it: it may have been removed. Apps: sum",
    );
    await userEvent.click(radio);
    expect(onChange).toHaveBeenCalledWith("far", null);
  });

  it("are found by the server, which knows all images and all their places", async () => {
    server.found = { "": many, "aero flow": [image("cfd")], nothing: [] };
    show();
    const box = await screen.findByLabelText(SEARCH);
    await userEvent.type(box, "aero flow");
    await vi.waitFor(() => expect(names()).toEqual(["cfd"]));
    expect(server.asked).toEqual(["?cluster=slurm&limit=100", "?cluster=slurm&q=aero%20flow&limit=100"]);
    await userEvent.clear(box);
    await userEvent.type(box, "nothing");
    expect(await screen.findByText("No images found")).toBeTruthy();
    expect(names()).toEqual([]);
    await userEvent.clear(box);
    await vi.waitFor(() => expect(names()).toHaveLength(8));
  });

  it("stay to be looked for when the server refuses the words", async () => {
    server.found[""] = many;
    show();
    const box = await screen.findByLabelText(SEARCH);
    await userEvent.type(box, "%");
    expect(await screen.findByRole("alert")).toBeTruthy();
    await userEvent.clear(box);
    await vi.waitFor(() => expect(names()).toHaveLength(8));
  });

  it("are shown on when there are more than one page", async () => {
    server.found = { "": many, next: [image("zebra")] };
    server.more = "next";
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Load more" }));
    await screen.findByRole("radio", { name: "zebra" });
    expect(names()).toHaveLength(9);
  });

  it("have the apps of the chosen one while others are looked for", async () => {
    server.found = { "": [...many, image("demo", { apps: ["sum"] })], i1: [image("i1")] };
    show("demo");
    await userEvent.type(await screen.findByLabelText(SEARCH), "i1");
    await vi.waitFor(() => expect(names()).toEqual(["i1"]));
    expect(screen.getByRole("option", { name: "sum" })).toBeTruthy();
  });

  it("say when the one that a link names was removed", async () => {
    server.named = imageDetail("old", { state: "inactive", gone_at: "2025-11-03T12:00:00Z" });
    show("old");
    expect(
      await screen.findByText(/^The image old was removed or replaced \(Nov 3, 2025.*choose/),
    ).toBeTruthy();
    expect(names()).toEqual(["demo"]);
  });

  it("say that the one that a link names is not here", async () => {
    show("elsewhere");
    expect(await screen.findByText(/is not on this cluster/)).toBeTruthy();
  });

  it.each([
    ["on this cluster", { cluster: "slurm" }],
    ["on the portal's host, for all clusters", { cluster: "other", source: "server" }],
  ] as const)("hold the one that a link names, however long the catalogue: %s", async (_, place) => {
    const elsewhere = imageLocation("n9", { cluster: "other" });
    server.named = imageDetail("zebra", {
      cluster: "other",
      locations: [elsewhere, imageLocation("n1", place)],
    });
    show("zebra");
    expect(((await screen.findByRole("radio", { name: "zebra" })) as HTMLInputElement).checked).toBe(true);
    expect(screen.queryByText(/is not on this cluster/)).toBeNull();
  });

  it("do not hold the one that a link names where it was removed from this cluster", async () => {
    server.named = imageDetail("zebra", {
      cluster: "other",
      locations: [imageLocation("n9", { cluster: "other" }), imageLocation("n1", { state: "inactive" })],
    });
    show("zebra");
    expect(await screen.findByText(/is not on this cluster/)).toBeTruthy();
    expect(names()).toEqual(["demo"]);
  });

  it("are found by words beside the one that a link names", async () => {
    server.found = { "": many, zeb: [image("zebra")], other: [] };
    server.named = imageDetail("zebra", { locations: [imageLocation("n1")] });
    show("zebra");
    const box = await screen.findByLabelText(SEARCH);
    await screen.findByRole("radio", { name: "zebra" });
    await userEvent.type(box, "zeb");
    await vi.waitFor(() => expect(names()).toEqual(["zebra"]));
    expect(screen.queryByText(/is not on this cluster/)).toBeNull();
  });
});
