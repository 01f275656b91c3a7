// A job that the kernel killed for memory, in a real browser, on a real Slurm whose kernel cannot do that: a real job
// ends itself as the kernel would end it, and accounting's answer about it carries Slurm's recorded words (State
// OUT_OF_MEMORY, ExitCode 0:125), put in by dev/lib/sacct-out-of-memory. What the page says is compared with that answer.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const name = `out-of-memory-${Date.now().toString(36)}`;

let browser: Browser;
let page: Page;
let number = "";

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  page = await (await newContext(browser, environment.url)).newPage();
});

afterAll(() => browser?.close());

describe.skipIf(!environment.programs)("a job that ran out of memory", () => {
  it("is shown with the state that accounting has, and with its reason", async () => {
    const options = ["--parsable", "--mem=100M", "--output=/dev/null", "--chdir=/tmp", "-J", name];
    number = slurm("sbatch", ...options, "--wrap", "kill -KILL $$").trim();
    await expect.poll(accounting, { timeout: 60_000 }).toEqual(["OUT_OF_MEMORY", "0:125"]);
    await signIn(page, environment.person);
    await page.goto(`/clusters/${environment.cluster}/jobs?q=${name}`);
    const row = page.getByRole("row", { name: new RegExp(name) });
    await row.getByText("Out of memory").waitFor({ timeout: 60_000 });
    await page.getByRole("link", { name, exact: true }).click();
    const why = page.getByRole("region", { name: "Why it failed" });
    await why
      .getByText(/memory/)
      .first()
      .waitFor();
    expect(await why.getByText(/more memory than it had asked for/).count()).toBe(1);
    await picture("out-of-memory");
  });

  it("is shown in Korean, in the dark", async () => {
    await speakKoreanInTheDark(page);
    await page.getByText("메모리 부족").first().waitFor();
    await picture("out-of-memory-ko-dark");
  });
});

async function picture(called: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${called}.png` });
  expect(await barriers(page)).toEqual([]);
}

/** As the server is told. */
function accounting(): string[] {
  const columns = "--format=JobID%-32,JobName%-64,State%-32,ExitCode%-12";
  const answer = execFileSync(`${environment.programs}/sacct`, ["-X", "-n", columns, "-j", number], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, SLURM_CONF: environment.slurmConf ?? "" },
  });
  return answer.split(/\s+/).filter(Boolean).slice(2);
}
