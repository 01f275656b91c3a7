// What a person is told of her jobs, in a real browser on a real Slurm: the bell, the list, the settings, a webhook whose
// signature is checked, and the worker that shows push messages.
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, rememberSecret, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";
import { slurm } from "./slurm";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));
const SECOND = 1000;
const name = `told-${Date.now().toString(36)}`;

interface Heard {
  headers: IncomingHttpHeaders;
  body: string;
}

let browser: Browser;
let context: BrowserContext;
let page: Page;
let receiver: Server;
const heard: Heard[] = [];
const failures: string[] = [];
let token: string | undefined;

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      response.end();
    });
  });
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  context = await newContext(browser, environment.url);
  await context.grantPermissions(["notifications"], { origin: new URL(environment.url).origin });
  page = await context.newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  page.on("console", (message) => {
    // The content security policy, above all.
    if (message.type() === "error" && /Content Security Policy/.test(message.text()))
      failures.push(message.text());
  });
});

afterAll(async () => {
  await browser?.close();
  receiver?.close();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await screenshot("notifications-failure");
});

describe.skipIf(!environment.slurmConf)("notifications", () => {
  let failed = "";

  it("counts at the bell what happens, as it happens", async () => {
    await signIn(page, environment.person);
    // Earlier journeys' jobs may still be ending: what is unread is compared with what there is.
    const isRight = async () => (await count()) === Math.min(await unread(), MOST_SHOWN);
    await expect.poll(isRight, { timeout: 10 * SECOND }).toBe(true);
    failed = submit(name, "exit 3");
    const told = async () => (await list("?unread=true")).some(({ params }) => params.job_id === failed);
    await expect.poll(told, { timeout: 60 * SECOND }).toBe(true);
    // Without a reload.
    await expect.poll(isRight, { timeout: 10 * SECOND }).toBe(true);
  });

  it("says which job failed and how, and leads to it", async () => {
    await bell().click();
    await page.getByRole("heading", { name: "Notifications", level: 1 }).waitFor();
    const told = page.getByRole("listitem").filter({ hasText: `Job ${failed} “${name}”` });
    // Accounting tells the exit code a moment later.
    await told.getByText("failed: exit code 3").waitFor({ timeout: 30 * SECOND });
    expect(await barriers(page)).toEqual([]);
    await screenshot("notifications");
    await told.getByRole("link").click();
    await page
      .getByText(new RegExp(`Job ${failed}\\b`))
      .first()
      .waitFor();
    const isRead = async () =>
      (await list("")).find(({ params }) => params.job_id === failed)?.read_at != null;
    await expect.poll(isRead, { timeout: 10 * SECOND }).toBe(true);
    await bell().click();
    await page.getByLabel("Unread only").check();
    const all = page.getByRole("button", { name: "Mark all as read" });
    if (await all.isEnabled()) await all.click();
    await page.getByText("Nothing is unread").waitFor();
    await page.getByRole("link", { name: "Notifications: 0 unread" }).waitFor();
    expect(page.url()).toContain("unread=true");
  });

  it("keeps what she chose, and checks a webhook's address", async () => {
    await page.goto("/account?tab=notifications");
    const started = page.getByRole("checkbox", { name: "starts: Webhook" });
    await started.uncheck();
    await page.getByLabel("Of which jobs").selectOption("those that take longer");
    await page.getByLabel("Longer than, in minutes").waitFor();
    await page.reload();
    await page.getByLabel("Longer than, in minutes").waitFor();
    expect(await started.isChecked()).toBe(false);
    await page.getByLabel("Of which jobs").selectOption("all of mine");
    await page.getByLabel("Web address that messages are posted to").fill("https://10.0.0.1/hook");
    await webhook().getByRole("button", { name: "Save" }).click();
    await page.getByText("Write an https:// address on the internet").waitFor();
    expect(await barriers(page)).toEqual([]);
  });

  it("signs what it sends with a secret that is shown once", async () => {
    const { port } = receiver.address() as AddressInfo;
    await page
      .getByLabel("Web address that messages are posted to")
      .fill(`http://127.0.0.1:${port}/hook?key=mine`);
    await webhook().getByRole("button", { name: "Save" }).click();
    const secret = await keepSecret();
    await webhook().getByRole("button", { name: "Send a test message" }).click();
    await webhook().getByText("Sent.").waitFor();
    expect(verified(heard.at(-1), secret)).toMatchObject({ type: "test" });
    await screenshot("notification-settings");

    await webhook().getByRole("button", { name: "New secret" }).click();
    const ask = page.getByRole("dialog", { name: "Replace the secret?" });
    await ask.getByRole("button", { name: "New secret" }).click();
    const next = await keepSecret();
    expect(next).not.toBe(secret);
    const job = submit(`${name}-2`, "exit 4");
    await expect.poll(() => saidOf(job, next), { timeout: 60 * SECOND }).toEqual(["job-failed"]);
  });

  it("says so where the browser's push service cannot be reached", async () => {
    // This Chromium has none.
    await page.getByRole("button", { name: "Show messages in this browser" }).click();
    await page
      .getByText(/The browser's push service does not answer|The browser did not allow it/)
      .waitFor({ timeout: 60 * SECOND });
  });

  it("shows a push message, and opens the job from it", async () => {
    const path = `/clusters/slurm/jobs/${failed}`;
    const message = { title: `Job ${failed} failed`, body: "exit code 3", path, tag: "one" };
    await deliver(message);
    const shown = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        const all = await registration.getNotifications();
        return all.map(({ title, body }) => ({ title, body }));
      });
    await expect
      .poll(shown, { timeout: 10 * SECOND })
      .toEqual([{ title: message.title, body: message.body }]);
    // The same message again takes the place of the first.
    await deliver(message);
    expect(await shown()).toHaveLength(1);
    expect(await opened(path)).toEqual([new URL(path, environment.url).href]);
    expect(await opened("https://elsewhere.example/")).toEqual([]);
    expect(await opened("//elsewhere.example/")).toEqual([]);
  });

  it("is complete in Korean, in the dark and on a phone", async () => {
    await speakKoreanInTheDark(page);
    await page.goto("/account?tab=notifications");
    await page.getByText("알림의 내용과 방법").waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("notification-settings-ko-dark");
    await page.goto("/notifications");
    await page.getByRole("listitem").first().waitFor();
    expect(await barriers(page)).toEqual([]);
    await screenshot("notifications-ko-dark");
    await page.setViewportSize({ width: 390, height: 844 });
    await screenshot("notifications-phone");
    await page.goto("/account?tab=notifications");
    await page.getByText("알림의 내용과 방법").waitFor();
    await screenshot("notification-settings-phone");
    const wider = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wider).toBe(false);
    expect(failures).toEqual([]);
  });
});

function bell() {
  return page.getByRole("link", { name: /^Notifications: [\d,]+\+? unread$/ });
}

/** More is shown as "99+". */
const MOST_SHOWN = 99;

/** What the bell says. */
async function count(): Promise<number> {
  return Number((await bell().getAttribute("aria-label"))?.replace(/\D/g, ""));
}

async function unread(): Promise<number> {
  return (await list("?unread=true")).length;
}

/** As the API has it. */
async function list(query: string): Promise<{ params: { job_id?: string }; read_at: string | null }[]> {
  const { name: username, password } = environment.person;
  token ??= (
    await (
      await fetch(`${environment.url}/api/v1/auth/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ username, password }),
      })
    ).json()
  ).access_token as string;
  rememberSecret(token);
  const answer = await fetch(`${environment.url}/api/v1/notifications${query}${query ? "&" : "?"}limit=500`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  return (await answer.json()).items;
}

function webhook() {
  return page.getByRole("region", { name: "Webhook" });
}

async function keepSecret(): Promise<string> {
  const dialog = page.getByRole("dialog", { name: "The webhook's secret" });
  const secret = (await dialog.getByLabel("Signing secret").textContent()) ?? "";
  expect(secret).toMatch(/^whsec_/);
  rememberSecret(secret);
  await dialog.getByRole("button", { name: "I have kept it: close" }).click();
  return secret;
}

/** What a message says, where it is signed as the Standard Webhooks specification has it. */
function verified(message: Heard | undefined, secret: string): { type: string; data: { job_id?: string } } {
  if (!message) throw new Error("nothing came");
  const {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signature,
  } = message.headers;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const right = createHmac("sha256", key).update(`${id}.${timestamp}.${message.body}`).digest();
  const said = Buffer.from(String(signature).replace("v1,", ""), "base64");
  expect(timingSafeEqual(right, said)).toBe(true);
  return JSON.parse(message.body);
}

/** The events that were told of this job. */
function saidOf(job: string, secret: string): string[] {
  const about = heard.filter(({ body }) => JSON.parse(body).data.job_id === job);
  return about.map((message) => verified(message, secret).type);
}

/** As the browser's push service does it, after it has decrypted the message. */
async function deliver(message: object): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.register("/push-worker.js"));
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const devtools = await context.newCDPSession(page);
  const registered = new Promise<string>((found) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [first] = registrations;
      if (first) found(first.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  await devtools.send("ServiceWorker.deliverPushMessage", {
    origin: new URL(environment.url).origin,
    registrationId: await registered,
    data: JSON.stringify(message),
  });
  await devtools.detach();
}

/** What the worker opens when a notification with this path is clicked. A browser without a screen has nowhere to click. */
async function opened(path: string): Promise<string[]> {
  const [worker] = context.serviceWorkers();
  if (!worker) throw new Error("there is no worker");
  return worker.evaluate(async (path) => {
    const scope = self as unknown as {
      clients: { openWindow(url: string): Promise<null> };
      dispatchEvent(event: Event): boolean;
    };
    const urls: string[] = [];
    scope.clients.openWindow = async (url) => {
      urls.push(url);
      return null;
    };
    const event = Object.assign(new Event("notificationclick"), {
      notification: { close: () => undefined, data: { path } },
      waitUntil: () => undefined,
    });
    scope.dispatchEvent(event);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return urls;
  }, path);
}

/** As the person by hand; answers the job's number. */
function submit(job: string, commands: string): string {
  const options = ["--parsable", `--job-name=${job}`, "--chdir=/tmp", "--output=/dev/null"];
  return slurm("sbatch", ...options, `--wrap=${commands}`).trim();
}

async function screenshot(name: string): Promise<void> {
  await page.screenshot({ path: `${SCREENSHOTS}${name}.png` });
}
