import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Template } from "../../api/types";
import { image, imageDetail } from "../../test/images";
import { renderPart } from "../../test/render";
import { ImagePart } from "./ImagePart";

const { server } = vi.hoisted(() => ({ server: { images: [] as unknown[], named: null as unknown } }));

vi.mock("../../api/http", () => ({
  authorizedFetch: async (request: Request) => {
    if (new URL(request.url).pathname === "/api/v1/images")
      return Response.json({ items: server.images, next_cursor: null });
    return server.named
      ? Response.json(server.named)
      : Response.json({ code: "not-found", detail: "" }, { status: 404 });
  },
}));

beforeEach(() => {
  server.images = [image("demo", { apps: ["sum"] })];
  server.named = null;
});

function show(chosen: string | null = null, onChange = vi.fn()) {
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  renderPart(
    <QueryClientProvider client={cache}>
      <ImagePart
        cluster="slurm"
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

const names = () => screen.getAllByRole("radio").map((radio) => radio.getAttribute("aria-label"));

describe("the images of a new job", () => {
  it("do not hold what was removed", async () => {
    server.images = [image("demo"), image("gone", { state: "inactive", gone_at: "2025-11-03T12:00:00Z" })];
    show();
    await screen.findByRole("radio", { name: "demo" });
    expect(names()).toEqual(["demo"]);
  });

  it("are marked where nobody could look whether they are still there, and can be chosen", async () => {
    server.images = [image("far", { state: "stale", apps: ["sum"] })];
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

  it("are found by words of the path and the labels too", async () => {
    const many = Array.from({ length: 8 }, (_, number) => image(`i${number}`));
    server.images = [...many, image("cfd", { path: "/shared/flow.sif", labels: { Team: "Aero" } })];
    show();
    await userEvent.type(await screen.findByLabelText("Name, path, label or app"), "aero flow");
    await vi.waitFor(() => expect(names()).toEqual(["cfd"]));
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

  it("hold the one that a link names, however long the catalogue", async () => {
    server.named = imageDetail("zebra");
    show("zebra");
    expect(((await screen.findByRole("radio", { name: "zebra" })) as HTMLInputElement).checked).toBe(true);
    expect(screen.queryByText(/is not on this cluster/)).toBeNull();
  });
});
