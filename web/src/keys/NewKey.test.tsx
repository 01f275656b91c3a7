import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Problem } from "../api/problem";
import type { CreatedKey, NewApiKey } from "../api/types";
import { renderPart } from "../test/render";
import { NewKey } from "./NewKey";

const SCOPES = ["jobs:read", "jobs:write", "templates:read", "files:read"];
const SECRET = "qd_01a2_the-secret-itself";

const made = (key: NewApiKey): CreatedKey => ({
  id: "1",
  key: SECRET,
  name: key.name,
  scopes: key.scopes,
  created_at: "2026-11-24T02:00:00Z",
  expires_at: key.expires_at,
  revoked_at: null,
  last_used_at: null,
  last_used_address: null,
});

function show(create = vi.fn(async (key: NewApiKey) => made(key)), language: "en" | "ko" = "en") {
  const cache = new QueryClient();
  const onClose = vi.fn();
  renderPart(
    <QueryClientProvider client={cache}>
      <NewKey scopes={SCOPES} create={create} onCreated={() => undefined} onClose={onClose} />
    </QueryClientProvider>,
    language,
  );
  return { create, onClose, cache };
}

const fillIn = async () => {
  await userEvent.type(screen.getByLabelText("Name"), "nightly");
  await userEvent.click(screen.getByRole("button", { name: "Submit jobs" }));
};

describe("the form for a new key", () => {
  it("offers the scopes that the owner's role allows, and no others", () => {
    show();
    expect(screen.getAllByRole("checkbox").map((box) => box.getAttribute("aria-label"))).toEqual([
      "Jobs: read",
      "Jobs: write",
      "Templates: read",
      "Files: read",
    ]);
    const row = screen.getByRole("row", { name: /^Templates/ });
    expect(within(row).getAllByRole("checkbox")).toHaveLength(1);
  });

  it("fills in what submitting jobs takes, and what reading everything takes", async () => {
    const { create } = show();
    await fillIn();
    await userEvent.click(screen.getByRole("button", { name: "Make the key" }));
    expect(create.mock.calls[0]?.[0].scopes).toEqual(SCOPES);
  });

  it("lets each scope be chosen alone", async () => {
    const { create } = show();
    await userEvent.type(screen.getByLabelText("Name"), "reader");
    await userEvent.click(screen.getByRole("button", { name: "Read everything" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Files: read" }));
    await userEvent.selectOptions(screen.getByLabelText("Ends"), "in 30 days");
    await userEvent.click(screen.getByRole("button", { name: "Make the key" }));
    const key = create.mock.calls[0]?.[0];
    expect(key).toMatchObject({ name: "reader", scopes: ["jobs:read", "templates:read"] });
    const days = (Date.parse(key?.expires_at ?? "") - Date.now()) / 86_400_000;
    expect(days).toBeLessThan(30);
    expect(days).toBeGreaterThan(29.99);
  });

  it("shows the key this once, left by its button alone, and keeps it nowhere", async () => {
    const { onClose, cache } = show();
    await fillIn();
    await userEvent.click(screen.getByRole("button", { name: "Make the key" }));
    expect((await screen.findByLabelText("API key")).textContent).toBe(SECRET);
    expect(screen.getByText(/never again/)).toBeTruthy();
    await userEvent.keyboard("{Escape}");
    expect(onClose).not.toHaveBeenCalled();
    await userEvent.click(screen.getByRole("button", { name: "I have kept it: close" }));
    expect(onClose).toHaveBeenCalledOnce();
    await vi.waitFor(() => expect(JSON.stringify(cache.getMutationCache().getAll())).not.toContain(SECRET));
  });

  it("tells what the server found wrong at the fields, in the reader's language", async () => {
    const refused = vi.fn(async (_: NewApiKey): Promise<CreatedKey> => {
      throw new Problem({
        status: 422,
        code: "invalid",
        detail: "",
        errors: [
          { pointer: "/scopes", code: "no-scopes", detail: "x" },
          { pointer: "/expires_at", code: "bad-expiry", detail: "x", params: { max_days: 30 } },
        ],
      });
    });
    show(refused, "ko");
    await userEvent.type(screen.getByLabelText("이름"), "야간 작업");
    await userEvent.click(screen.getByRole("button", { name: "키 만들기" }));
    expect(await screen.findByText("키로 할 수 있는 일을 선택하십시오.")).toBeTruthy();
    expect(screen.getByText("키의 유효 기간은 최대 30일입니다.")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
