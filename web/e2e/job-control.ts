// Acting on jobs in a real browser, on a real Slurm: hold, release, requeue, a change, many cancelled at once, submitting
// again with one change, a job that its time limit ends. What the page says is compared with what Slurm's own commands
// say.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const MANY = 30;
const run = Date.now().toString(36);

let browser: Browser;
let page: Page;
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  const context = await newContext(browser, environment.url);
  await context.addInitScript(rememberBodies);
  page = await context.newPage();
  page.on("pageerror", (error) => failures.push(error.message));
});

afterAll(() => browser?.close());

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("control-failure");
});

describe.skipIf(!environment.slurmConf)("acting on jobs", () => {
  let limited = "";

  it("begins with a job that will run into its time limit", async () => {
    await signIn(page, environment.person);
    // Slurm's least: the end is looked at last.
    limited = submit(`limit-${run}`, "--time=1", "sleep 600");
  });

  it("holds and releases a waiting job", async () => {
    const id = submit(`held-${run}`, "--begin=now+1hour", "sleep 300");
    await open(id);
    await button("Hold").click();
    await button("Release").waitFor({ timeout: 20 * SECOND });
    expect(scontrol(id, "Reason")).toMatch(/^JobHeld/);
    await button("Release").click();
    await button("Hold").waitFor({ timeout: 20 * SECOND });
    expect(scontrol(id, "Reason")).not.toMatch(/^JobHeld/);
  });

  it("changes only what differs, and tells Slurm's refusal", async () => {
    const id = submit(`change-${run}`, "--begin=now+1hour", "sleep 300");
    await open(id);
    await button("Change").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Time limit in minutes").fill("17");
    await dialog.getByLabel("QOS").fill("no-such-qos");
    expect(await barriers(page)).toEqual([]);
    await screenshot("change");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByRole("alert").waitFor();
    await screenshot("change-refused");
    await dialog.getByLabel("QOS").fill(scontrol(id, "QOS") === "(null)" ? "" : scontrol(id, "QOS"));
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const body = (await lastSent("PATCH", "")) as object;
    expect(Object.keys(body)).toContain("time_limit_minutes");
    expect(body).not.toHaveProperty("partition");
    expect(scontrol(id, "TimeLimit")).toBe("00:17:00");
    await page.getByText("17m", { exact: true }).waitFor();
  });

  it("signals and requeues a running job", async () => {
    const script = "trap 'echo heard' USR1; while true; do sleep 1; done";
    const id = submit(`signal-${run}`, "--requeue", script);
    await open(id);
    await button("Signal").click();
    await page.getByRole("dialog").getByRole("button", { name: "Send USR1" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const heard = `/tmp/qd-journey-${id}.out`;
    await expect
      .poll(() => execFileSync("cat", [heard], { encoding: "utf8" }), { timeout: 20 * SECOND })
      .toContain("heard");
    await button("Requeue").click();
    await page.getByRole("button", { name: "Requeue the job" }).click();
    await expect.poll(() => scontrol(id, "Restarts"), { timeout: 20 * SECOND }).toBe("1");
    slurm("scancel", id);
  });

  it(`cancels ${MANY} selected by keyboard at once, and says what became of each`, async () => {
    const ids = Array.from({ length: MANY }, (_, at) =>
      submit(`many-${run}-${at}`, "--begin=now+1hour", "true"),
    );
    await page.goto(`/clusters/slurm/jobs?q=many-${run}`);
    const table = page.getByRole("table", { name: "Jobs" });
    const boxes = table.getByRole("checkbox");
    await expect.poll(() => boxes.count(), { timeout: 20 * SECOND }).toBe(MANY + 1);
    // Three by Shift and arrows, then all.
    await boxes.nth(1).focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Shift+ArrowDown");
    await page.getByText("3 jobs selected").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("selection");
    await table.getByRole("checkbox", { name: "Select all shown" }).check();
    await page.getByText(`${MANY} jobs selected`).waitFor();

    // One is gone by the time it is done; the selection stays what it was.
    slurm("scancel", ids[4] ?? "");
    const bar = page.getByRole("region", { name: "Selected jobs" });
    await bar.getByRole("button", { name: `Cancel (${MANY - 1})` }).waitFor({ timeout: 20 * SECOND });
    await page.getByText(`${MANY} jobs selected`).waitFor();
    await bar.getByRole("button", { name: `Cancel (${MANY - 1})` }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByRole("listitem").count()).toBe(MANY - 1);
    // What nobody can know of: another goes while the question stands.
    slurm("scancel", ids[7] ?? "");
    await screenshot("cancel-many");
    await expect.poll(() => squeue(ids), { timeout: 20 * SECOND }).toHaveLength(MANY - 2);
    await page.waitForTimeout(3 * SECOND);
    await dialog.getByRole("button", { name: `Cancel ${MANY - 1} jobs` }).click();
    await dialog.getByText(`Done with ${MANY - 2} of ${MANY - 1}.`).waitFor({ timeout: 60 * SECOND });
    expect(await dialog.getByRole("list", { name: "What failed" }).getByRole("listitem").count()).toBe(1);
    await dialog.getByText(`many-${run}-7`).waitFor();
    await screenshot("cancelled-many");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await expect.poll(() => squeue(ids), { timeout: 20 * SECOND }).toEqual([]);
    await expect.poll(() => table.getByText("Cancelled").count(), { timeout: 20 * SECOND }).toBe(MANY);
  });

  it("keeps a filter under a name, and the choice of columns, in the browser", async () => {
    await page.goto(`/clusters/slurm/jobs?q=many-${run}`);
    await page.getByRole("button", { name: "Saved filters" }).click();
    await page.getByRole("menuitem", { name: "Save this filter…" }).click();
    await page.getByLabel("Name of the filter").fill("many of today");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Choose columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Resources" }).click();
    await page.getByRole("columnheader", { name: "Resources" }).waitFor({ state: "detached" });
    expect(await barriers(page)).toEqual([]);
    await screenshot("columns");
    await page.goto("/clusters/slurm/jobs");
    await page.getByRole("columnheader", { name: "Submitted" }).waitFor();
    expect(await page.getByRole("columnheader", { name: "Resources" }).count()).toBe(0);
    await page.getByRole("button", { name: "Saved filters" }).click();
    await page.getByRole("menuitemradio", { name: "many of today" }).click();
    await expect.poll(() => page.url()).toContain(`q=many-${run}`);
  });

  it("submits a job again with one change, from the form as it was filled", async () => {
    await page.goto("/clusters/slurm/new-job");
    await page.getByText("Own script", { exact: true }).click();
    await page.getByRole("textbox", { name: "Own script" }).fill("#!/bin/bash\necho once more\n");
    await page.getByLabel("Job name").fill(`again-${run}`);
    await page.getByLabel("Time limit").fill("5");
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.getByRole("heading", { name: `again-${run}`, level: 1 }).waitFor();
    await page
      .locator("main header")
      .getByText("Completed", { exact: true })
      .waitFor({ timeout: 60 * SECOND });
    const first = page.url();

    await page.getByRole("link", { name: "Submit again" }).click();
    await page.getByText("Submitting job").waitFor();
    const script = page.getByRole("textbox", { name: "Own script" });
    await expect.poll(() => script.inputValue()).toContain("once more");
    expect(await page.getByLabel("Time limit").inputValue()).toBe("5 min");
    await page.getByLabel("Time limit").fill("7");
    await page.getByLabel("Batch script").getByText("00:07:00").first().waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("again");
    await page.getByRole("button", { name: "Submit job" }).click();
    await page.getByRole("heading", { name: `again-${run}`, level: 1 }).waitFor();
    expect(await lastSent("POST", "/resubmit")).toEqual({ resources: { time_limit_minutes: 7 } });
    await expect.poll(() => page.url()).not.toBe(first);
    await page.getByText("7m", { exact: true }).waitFor();
  });

  it("says of a job that its time limit ended it what sacct says", async () => {
    await open(limited);
    await page
      .locator("main header")
      .getByText("Timeout", { exact: true })
      .waitFor({ timeout: 200 * SECOND });
    await expect
      .poll(() => slurm("sacct", "-nXPo", "State", "-j", limited).trim(), { timeout: 20 * SECOND })
      .toBe("TIMEOUT");
    await page.getByRole("region", { name: "Why it failed" }).waitFor();
    await screenshot("time-limit");
  });

  it("looks right in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    const id = submit(`phone-${run}`, "--begin=now+1hour", "true");
    await open(id);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.getByRole("button", { name: "변경" }).click();
    await page.getByRole("dialog").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("change-ko-phone");
    await page.goto(`/clusters/slurm/jobs?q=${run}`);
    await page.getByRole("checkbox").nth(1).check();
    await page.getByRole("region", { name: "선택한 작업" }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("selection-ko-phone");
    slurm("scancel", "--user", environment.person.name);
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

/** In the page: the browser tells nobody else what a request of `fetch` carries. */
function rememberBodies(): void {
  const bodies: { method: string; url: string; body: string }[] = [];
  const send = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.method !== "GET")
      bodies.push({ method: request.method, url: request.url, body: await request.clone().text() });
    return send(request);
  };
  Object.assign(window, { sentBodies: bodies });
}

async function lastSent(method: string, end: string): Promise<unknown> {
  const bodies = await page.evaluate(
    () => (window as unknown as { sentBodies: { method: string; url: string; body: string }[] }).sentBodies,
  );
  const last = bodies.filter((sent) => sent.method === method && sent.url.endsWith(end)).at(-1);
  return JSON.parse(last?.body ?? "null");
}

/** As the person by hand; answers the job's number. */
function submit(name: string, option: string, commands: string): string {
  const args = [
    "--parsable",
    `--job-name=${name}`,
    "--chdir=/tmp",
    "--output=/tmp/qd-journey-%j.out",
    option,
  ];
  return slurm("sbatch", ...args, `--wrap=${commands}`).trim();
}

function scontrol(id: string, field: string): string {
  const text = slurm("scontrol", "show", "job", "-o", id);
  return new RegExp(`(?:^| )${field}=(\\S*)`).exec(text)?.[1] ?? "";
}

/** Which of these are in the queue. */
function squeue(ids: string[]): string[] {
  const there = slurm("squeue", "-h", "-t", "PENDING,RUNNING", "-o", "%A").split("\n");
  return ids.filter((id) => there.includes(id));
}

/** The page of a job that was submitted by hand: it is there once the poller has seen it. */
async function open(id: string): Promise<void> {
  await page.goto(`/clusters/slurm/jobs?q=${id}`);
  const row = page
    .getByRole("table")
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name: id, exact: true }) });
  await row
    .first()
    .getByRole("link")
    .first()
    .click({ timeout: 20 * SECOND });
  await page
    .getByText(new RegExp(`(Job|작업) ${id}\\b`))
    .first()
    .waitFor();
}

function button(name: string) {
  return page.getByRole("main").getByRole("button", { name, exact: true });
}

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
