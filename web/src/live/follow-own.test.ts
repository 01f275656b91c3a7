import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ImageScan, UploadInfo } from "../api/types";
import { driftQuery, imageListQuery, imageQuery, scanQuery } from "../images/queries";
import { templateFaultsQuery, templateQuery, templatesQuery } from "../templates/queries";
import { uploadsQuery } from "../uploads/queries";
import { type ChannelMessage, LiveConnection, type Subscription } from "./connection";
import { followScans } from "./follow-scans";
import { followTemplates } from "./follow-templates";
import { followUploads } from "./follow-uploads";

class Heard extends LiveConnection {
  private readonly listeners = new Map<string, Subscription>();

  override subscribe(channel: string, subscription: Subscription): () => void {
    this.listeners.set(channel, subscription);
    return () => this.listeners.delete(channel);
  }

  says(message: ChannelMessage) {
    this.listeners.get(message.channel)?.onMessage(message);
  }
}

const upload = (id: string, offset = 0) => ({ id, filename: id, offset, state: "uploading" }) as UploadInfo;
const scan = (state: ImageScan["state"]) => ({ id: "s", state, hosts: [] }) as unknown as ImageScan;

let cache: QueryClient;
let connection: Heard;

beforeEach(() => {
  cache = new QueryClient();
  connection = new Heard({ url: "", token: async () => "", onRefused: () => undefined });
});

describe("what the live connection says of one's own uploads", () => {
  it("fills the list, changes it, and takes from it", async () => {
    followUploads(connection, cache);
    const shown = () =>
      cache.getQueryData(uploadsQuery.queryKey)?.items.map(({ id, offset }) => `${id} ${offset}`);
    connection.says({ type: "snapshot", channel: "uploads", items: [upload("b"), upload("a")] });
    expect(shown()).toEqual(["b 0", "a 0"]);
    connection.says({ type: "delta", channel: "uploads", upsert: [upload("a", 7)], remove: [] });
    connection.says({ type: "delta", channel: "uploads", upsert: [upload("c")], remove: ["b"] });
    await vi.waitFor(() => expect(shown()).toEqual(["c 0", "a 7"]));
  });
});

describe("what the live connection says of scans", () => {
  it("is how far they are, and that the catalogue has changed when one ends", () => {
    followScans(connection, cache);
    const shown = [
      imageListQuery({ q: "demo" }),
      imageListQuery({ cluster: "slurm" }),
      driftQuery,
      imageQuery("i"),
    ];
    for (const { queryKey } of shown) cache.setQueryData(queryKey, {} as never);
    const old = () => shown.filter(({ queryKey }) => cache.getQueryState(queryKey)?.isInvalidated).length;
    connection.says({ type: "snapshot", channel: "scans", items: [scan("finished")] });
    expect(old()).toBe(0);
    connection.says({ type: "delta", channel: "scans", upsert: [scan("running")], remove: [] });
    expect(cache.getQueryData<ImageScan>(scanQuery("s").queryKey)?.state).toBe("running");
    connection.says({ type: "delta", channel: "scans", upsert: [scan("finished")], remove: [] });
    expect(old()).toBe(shown.length);
  });
});

describe("what the live connection says of the template library", () => {
  it("is that it has changed, and that something may have gone past us", () => {
    followTemplates(connection, cache);
    const shown = [templatesQuery, templateQuery("shell"), templateFaultsQuery];
    const fill = () => {
      for (const { queryKey } of shown) cache.setQueryData(queryKey, {} as never);
    };
    const old = () => shown.filter(({ queryKey }) => cache.getQueryState(queryKey)?.isInvalidated).length;
    fill();
    connection.says({ type: "snapshot", channel: "templates", items: [] });
    expect(old()).toBe(0);
    connection.says({ type: "delta", channel: "templates", upsert: [], remove: ["shell"] });
    expect(old()).toBe(shown.length);
    fill();
    connection.says({ type: "snapshot", channel: "templates", items: [] });
    expect(old()).toBe(shown.length);
  });
});
