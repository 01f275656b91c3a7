import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { queryClient } from "./query-client";

it("shows what a click writes into the cache before the browser paints", async () => {
  queryClient.setQueryData(["wished"], false);
  render(
    <QueryClientProvider client={queryClient}>
      <Wish />
    </QueryClientProvider>,
  );
  const box = screen.getByRole<HTMLInputElement>("checkbox");
  box.click();
  await microtasks();
  expect(box.checked).toBe(true);
});

function Wish() {
  const { data } = useQuery({ queryKey: ["wished"], queryFn: () => false, staleTime: "static" });
  return (
    <input
      type="checkbox"
      checked={data}
      onChange={({ currentTarget: { checked } }) => queryClient.setQueryData(["wished"], checked)}
    />
  );
}

/** No task of the browser's passes, so nothing is painted. */
async function microtasks(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await null;
}
