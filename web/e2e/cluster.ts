// What the pages of the cluster say in a real browser, beside what sinfo, squeue and scontrol say: overview, partitions,
// reservations, use over time, the history of a node.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurmAsRoot } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const NODE = "c2";
const run = Date.now().toString(36);
const MAINTENANCE = `maintenance-${run}`;
const REASON = `power supply (${run})`;

let browser: Browser;
let page: Page;
let adminPage: Page;
let shown: Page;
const failures: string[] = [];

describe.skipIf(!environment.slurmConf)("the cluster", () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
    [page, adminPage] = [await newPage(), await newPage()];
    shown = page;
    await signIn(page, environment.person);
    await signIn(adminPage, environment.admin);
  });

  afterAll(async () => {
    if (reserved()) slurmAsRoot("scontrol", "delete", `reservationname=${MAINTENANCE}`);
    if (isDrained()) slurmAsRoot("scontrol", "update", `nodename=${NODE}`, "state=resume");
    await browser?.close();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await shown.screenshot({ path: `${SCREENSHOTS}cluster-failure.png` });
  });

  it("announces a maintenance on the overview as soon as it is made, without a reload", async () => {
    const what = ["starttime=now+3days", "duration=240", "nodes=ALL", "flags=MAINT", "users=root"];
    slurmAsRoot("scontrol", "create", "reservation", `reservationname=${MAINTENANCE}`, ...what);
    // Reservations are read each half minute.
    const note = page.getByRole("status").filter({ hasText: MAINTENANCE });
    await note.waitFor({ timeout: 90 * SECOND });
    await note.getByText("It takes 4 nodes.").waitFor();
    await seen("overview-maintenance");
  });

  it("has it in the calendar and in the list, on its day and with its nodes", async () => {
    await page.goto("/clusters/slurm/reservations");
    const day = new Date(Date.now() + 3 * 86_400_000);
    // It may be next month's.
    await page.goto(`/clusters/slurm/reservations?day=${day.toISOString().slice(0, 10)}`);
    const cell = page.getByRole("cell").filter({ hasText: MAINTENANCE }).first();
    await cell.waitFor();
    const item = page.getByRole("listitem").filter({ has: page.getByText(MAINTENANCE, { exact: true }) });
    const words = await item.last().innerText();
    expect(words).toContain("Maintenance");
    const nodes = /\bNodes=(\S+)/.exec(
      slurmAsRoot("scontrol", "-o", "show", "reservation", MAINTENANCE),
    )?.[1];
    expect(words).toContain(`4 nodes: ${nodes}`);
    await seen("reservations");
    await page.getByText("Week", { exact: true }).click();
    await expect.poll(() => page.url()).toContain("view=week");
    await page.getByRole("cell").filter({ hasText: MAINTENANCE }).first().waitFor();
    await seen("reservations-week");
  });

  it("says of each partition what is free, as sinfo does", async () => {
    await page.goto("/clusters/slurm/partitions?partition=compute");
    const free = () => slurmAsRoot("sinfo", "-h", "-p", "compute", "-o", "%C").trim().split("/").map(Number);
    const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "compute" }) });
    const [, idle, , total] = free();
    await row.getByText(`${idle} of ${total}`).waitFor({ timeout: 20 * SECOND });
    await page.getByText("Who may use it").waitFor();
    await page.getByText("Everybody").waitFor();
    await seen("partitions");
    await page.getByRole("link", { name: "compute" }).click();
    await page.getByText("Who may use it").waitFor({ state: "detached" });
  });

  it("tells an operator of a drained node, who drained it and why, and everybody its history", async () => {
    shown = adminPage;
    slurmAsRoot("scontrol", "update", `nodename=${NODE}`, "state=drain", `reason=${REASON}`);
    const trouble = adminPage.getByRole("region", { name: "What needs looking after" });
    await trouble.getByText(`${REASON} (by root)`).waitFor({ timeout: 30 * SECOND });
    await seen("overview-trouble");
    expect(await page.getByRole("region", { name: "What needs looking after" }).count()).toBe(0);
    shown = page;
    await page.goto(`/clusters/slurm/nodes/${NODE}`);
    const period = page
      .getByRole("table", { name: "Out of service" })
      .getByRole("row")
      .filter({ hasText: REASON });
    await period.getByText("now", { exact: true }).waitFor({ timeout: 20 * SECOND });
    await seen("node-history");
    slurmAsRoot("scontrol", "update", `nodename=${NODE}`, "state=resume");
    await period.getByText("now", { exact: true }).waitFor({ state: "detached", timeout: 30 * SECOND });
  });

  it("draws the use over time, and tells the same in a table", async () => {
    await page.goto("/clusters/slurm/use?range=hours");
    const cpus = page.getByRole("region", { name: "CPUs" });
    // The server takes a sample each minute that it runs.
    await cpus.getByRole("img", { name: /CPUs over time: \d+% in use on average/ }).waitFor();
    await cpus.locator("canvas").waitFor();
    await cpus.getByText("Show as a table").click();
    const rows = cpus.getByRole("table", { name: "CPUs" }).getByRole("row");
    const newest = await rows.nth(1).getByRole("cell").allInnerTexts();
    const total = Number(slurmAsRoot("sinfo", "-h", "-o", "%C").trim().split("/").at(-1));
    expect(newest.map(Number).reduce((sum, value) => sum + value, 0)).toBeCloseTo(total, 0);
    await seen("use");
  });

  it("looks right in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    for (const [name, path] of [
      ["use", "/clusters/slurm/use"],
      ["partitions", "/clusters/slurm/partitions?partition=compute"],
      ["reservations", "/clusters/slurm/reservations"],
      ["nodes-grid", "/clusters/slurm/nodes?view=grid"],
    ] as const) {
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      await seen(`${name}-ko-dark`);
      await page.setViewportSize({ width: 390, height: 800 });
      await seen(`${name}-ko-phone`);
    }
    await page.goto("/clusters/slurm/reservations");
    // On a phone the list alone.
    await page.getByText(MAINTENANCE, { exact: true }).last().waitFor();
    expect(await page.getByRole("table").count()).toBe(0);
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

async function newPage(): Promise<Page> {
  const made = await (await newContext(browser, environment.url)).newPage();
  made.on("pageerror", (error) => failures.push(error.message));
  return made;
}

function reserved(): boolean {
  return slurmAsRoot("scontrol", "-o", "show", "reservation").includes(`ReservationName=${MAINTENANCE} `);
}

function isDrained(): boolean {
  return /State=\S*DRAIN/.test(slurmAsRoot("scontrol", "show", "node", NODE));
}

/** Keeps a picture of the page, and finds nothing on it that keeps people out. */
async function seen(picture: string): Promise<void> {
  await shown.screenshot({ path: `${SCREENSHOTS}${picture}.png` });
  expect(await barriers(shown), picture).toEqual([]);
}
