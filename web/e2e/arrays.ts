// A job array in a real browser, on Slurm: one row in the list, its tasks on its page as accounting has them, the way to a
// task and back, and doing something with some of them.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const name = `array-${Date.now().toString(36)}`;
const FAILING = [7, 21, 42];

let browser: Browser;
let page: Page;
let number = "";

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(async () => {
  await browser?.close();
});

describe.skipIf(!environment.slurmConf)("an array of fifty", () => {
  it("is one row in the list", async () => {
    const task = `case $SLURM_ARRAY_TASK_ID in ${FAILING.join("|")}) exit 3;; esac`;
    const options = ["--parsable", "--array=1-50", "--output=/dev/null", "--chdir=/tmp", "-J", name];
    number = slurm("sbatch", ...options, "--wrap", task).trim();
    await signIn(page, environment.person);
    await page.goto(`/clusters/${environment.cluster}/jobs?q=${name}`);
    const rows = page.getByRole("link", { name, exact: true });
    await rows.first().waitFor();
    await expect.poll(() => accounting().length, { timeout: 120_000 }).toBe(50);
    await expect.poll(ended, { timeout: 120_000 }).toBe(true);
    expect(await rows.count()).toBe(1);
    await rows.click();
  });

  it("opens to its tasks, each as accounting has it", async () => {
    const tasks = page.getByRole("list", { name: "Tasks of the array" });
    const words: Record<string, string> = { COMPLETED: "Completed", FAILED: "Failed" };
    const expected = accounting().map(([id, state]) => `Task ${id?.split("_")[1]}: ${words[state ?? ""]}`);
    const shown = () =>
      tasks.getByRole("link").evaluateAll((links) => links.map((a) => a.getAttribute("aria-label")));
    await expect.poll(async () => (await shown()).sort(), { timeout: 30_000 }).toEqual(expected.sort());
    const failed = expected.filter((task) => task.endsWith("Failed"));
    expect(failed).toEqual(FAILING.map((task) => `Task ${task}: Failed`).sort());
    expect(await page.getByText("Failed 3", { exact: true }).isVisible()).toBe(true);
    await picture("array");
  });

  it("leads to a task, its neighbours and back", async () => {
    await page.getByRole("link", { name: "Task 21: Failed" }).click();
    await page.getByRole("link", { name: `Next: ${number}_22` }).click();
    await page.getByRole("link", { name: `Previous: ${number}_21` }).waitFor();
    await picture("array-task");
    await page.getByRole("link", { name: `The whole: ${number}` }).click();
    await page.getByRole("link", { name: "Task 1: Completed" }).waitFor();
  });

  it("has those cancelled that were selected, and no others", async () => {
    const options = ["--parsable", "--array=1-4", "--output=/dev/null", "--chdir=/tmp", "-J", `${name}-long`];
    number = slurm("sbatch", ...options, "--wrap", "sleep 300").trim();
    await expect.poll(running, { timeout: 60_000 }).toBe(4);
    await page.goto(`/clusters/${environment.cluster}/jobs?q=${name}-long`);
    await page.getByRole("link", { name: `${name}-long`, exact: true }).click();
    for (const task of [1, 3]) await page.getByLabel(`Select ${number}_${task}`).check();
    await picture("array-selected");
    const panel = page.getByRole("region", { name: "Tasks of the array" });
    await panel.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the job" }).click();
    await panel.getByText("Slurm accepted it for 2.").waitFor();
    for (const task of [1, 3]) await page.getByRole("link", { name: `Task ${task}: Cancelled` }).waitFor();
    expect(
      slurm("squeue", "-h", "-r", "-j", number, "-t", "R", "-o", "%i").split("\n").filter(Boolean).sort(),
    ).toEqual([`${number}_2`, `${number}_4`]);
    slurm("scancel", number);
  });

  it("is shown in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await picture("array-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await picture("array-phone");
  });
});

async function picture(called: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${called}.png` });
  expect(await barriers(page)).toEqual([]);
}

function running(): number {
  return slurm("squeue", "-h", "-r", "-j", number, "-t", "R", "-o", "%i").split("\n").filter(Boolean).length;
}

function ended(): boolean {
  return accounting().every(([, state]) => state === "COMPLETED" || state === "FAILED");
}

function accounting(): string[][] {
  const lines = slurm("sacct", "-X", "-n", "-P", "-o", "JobID,State", "-j", number).split("\n");
  return lines.filter((line) => line.includes("_") && !line.includes("[")).map((line) => line.split("|"));
}
