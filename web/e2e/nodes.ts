// What an operator does with nodes in a real browser, on a real Slurm, and what others see of it. What the page says is
// compared with what scontrol and sinfo say.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, signIn, speakKoreanInTheDark } from "./browser";
import { environment, type Person } from "./environment";
import { slurmAsRoot } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const NODE = "c3";
const REASON = `fan "B" broken, a=b (${Date.now().toString(36)})`;

let browser: Browser;
/** The operator's, the plain user's, the administrator's. */
let page: Page;
let userPage: Page;
let adminPage: Page;
const failures: string[] = [];

const { stranger: operator, slurmConf } = environment;

describe.skipIf(!slurmConf || !operator)("draining a node", () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
    [page, userPage, adminPage] = [await newPage(), await newPage(), await newPage()];
    resume();
  });

  afterAll(async () => {
    if (!operator) return;
    resume();
    setAdminLevel(operator, "None");
    await setRole(operator, "user").catch(() => undefined);
    await browser?.close();
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await screenshot("nodes-failure");
  });

  it("begins with a person who is made an operator, here and in Slurm", async () => {
    if (!operator) return;
    await signIn(adminPage, environment.admin);
    await setRole(operator, "operator");
    setAdminLevel(operator, "Administrator");
    await signIn(page, operator);
    await signIn(userPage, environment.person);
  });

  it("is not offered to a plain user, who watches the node", async () => {
    await userPage.goto(`/clusters/slurm/nodes/${NODE}`);
    await userPage.getByRole("heading", { name: NODE, level: 1 }).waitFor();
    await userPage.getByRole("region", { name: "Details" }).waitFor();
    expect(await userPage.getByRole("main").getByRole("button", { name: "Drain" }).count()).toBe(0);
    await userPage.goto("/clusters/slurm/nodes");
    await userPage.getByRole("link", { name: NODE }).waitFor();
    expect(await userPage.getByRole("checkbox").count()).toBe(0);
  });

  it("is refused to her where she asks for it nevertheless", async () => {
    const path = `/clusters/slurm/nodes/${NODE}/drain`;
    const { status, code } = await ask(environment.person, "POST", path, { reason: "because" });
    expect([status, code]).toEqual([403, "forbidden"]);
    expect(scontrol()).not.toContain("Reason=");
  });

  it("asks the operator for a reason, and does it in Slurm under her name", async () => {
    await page.goto(`/clusters/slurm/nodes/${NODE}`);
    await page.getByRole("main").getByRole("button", { name: "Drain", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Drain" }).click();
    await dialog.getByText("Say why, so that others know when it may come back.").waitFor();
    await dialog.getByLabel("Reason").fill(REASON);
    expect(await barriers(page)).toEqual([]);
    await screenshot("node-drain");
    await dialog.getByRole("button", { name: "Drain" }).click();
    await dialog.waitFor({ state: "detached" });
    await page
      .locator("main header")
      .getByText("Drained", { exact: true })
      .waitFor({ timeout: 20 * SECOND });
    await page.getByText(`${REASON} (by ${operator?.name}`).waitFor();
    expect(scontrol()).toContain(`\n   Reason=${REASON} [${operator?.name}@`);
    expect(sinfo("StateLong")).toBe("drained");
    expect(sinfo("Reason")).toBe(REASON);
    await page.getByRole("main").getByRole("button", { name: "Resume", exact: true }).waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("node-drained");
  });

  it("shows the user at once what happened, without a reload", async () => {
    const row = userPage.getByRole("row").filter({ has: userPage.getByRole("link", { name: NODE }) });
    await row.getByText("Drained", { exact: true }).waitFor({ timeout: 20 * SECOND });
    await row.getByText(REASON).first().waitFor();
  });

  it("takes it back, and everybody sees it idle as sinfo does", async () => {
    await page.getByRole("main").getByRole("button", { name: "Resume", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Resume" }).click();
    await dialog.waitFor({ state: "detached" });
    await page
      .locator("main header")
      .getByText("Idle", { exact: true })
      .waitFor({ timeout: 20 * SECOND });
    const row = userPage.getByRole("row").filter({ has: userPage.getByRole("link", { name: NODE }) });
    await row.getByText("Idle", { exact: true }).waitFor({ timeout: 20 * SECOND });
    // With a mark until its slurmd has been heard again.
    expect(sinfo("StateLong")).toMatch(/^idle\*?$/);
    expect(scontrol()).not.toContain("Reason=");
  });

  it("is in the audit log, both deeds with who and what became of them", async () => {
    await adminPage.goto(`/admin/audit?object=${NODE}`);
    const events = adminPage.getByRole("table", { name: "Events" });
    for (const deed of ["Node drained", "Node resumed"]) {
      const event = events.getByRole("row").filter({ hasText: deed }).first();
      await event.getByText(operator?.name ?? "", { exact: true }).waitFor();
      await event.getByText("Done", { exact: true }).waitFor();
    }
  });

  it("looks right in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(`/clusters/slurm/nodes/${NODE}`);
    await page.getByRole("main").getByRole("button", { name: "드레인", exact: true }).click();
    await page.getByRole("dialog").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("node-drain-ko-phone");
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

/** What Slurm itself says of the node. */
function sinfo(field: string): string {
  return slurmAsRoot("sinfo", "-h", "--all", "-N", "-n", NODE, "-O", `${field}:200`).trim();
}

function scontrol(): string {
  return slurmAsRoot("scontrol", "show", "node", NODE);
}

/** Whatever an earlier run left. */
function resume(): void {
  if (/State=\S*DRAIN/.test(scontrol()))
    slurmAsRoot("scontrol", "update", `nodename=${NODE}`, "state=resume");
}

/** On 22.05 only administrators of Slurm's accounting change nodes; its operators do not. */
function setAdminLevel({ name }: Person, level: string): void {
  slurmAsRoot("sacctmgr", "-i", "modify", "user", name, "set", `adminlevel=${level}`);
}

async function setRole({ name }: Person, role: string): Promise<void> {
  const { body } = await ask(environment.admin, "GET", `/users?q=${name}`);
  const account = (body.items as { id: string; username: string }[]).find(
    ({ username }) => username === name,
  );
  expect((await ask(environment.admin, "PATCH", `/users/${account?.id}`, { role })).status).toBe(200);
}

interface Answer {
  status: number;
  code: string | undefined;
  body: Record<string, unknown>;
}

/** Past the page, as a script would. */
async function ask(who: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const send = (to: string, by: string, content: unknown, token?: string) =>
    fetch(`${environment.url}/api/v1${to}`, {
      method: by,
      headers: {
        ...(content === undefined ? {} : { "Content-Type": "application/json" }),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    });
  const signedIn = await send("/auth/login", "POST", { username: who.name, password: who.password });
  const { access_token } = (await signedIn.json()) as { access_token: string };
  const response = await send(path, method, body, access_token);
  const text = await response.text();
  const answered = text ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, code: answered.code as string | undefined, body: answered };
}

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
