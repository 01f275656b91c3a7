// Accounts, keys, sessions, the audit log and the limits in a real browser: an administrator makes an account, its owner
// looks at her sessions, makes a key, uses and revokes it and chooses a password, and the administrator finds all of it
// in the audit log. Elements are found by role and label, as assistive technology finds them.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { barriers, newContext, rememberSecret, signIn, speakKoreanInTheDark } from "./browser";
import { environment } from "./environment";

const SCREENSHOTS = fileURLToPath(new URL(`screenshots/${environment.cluster}/`, import.meta.url));

/** Of its own in each run: the portal may have been used before. */
const name = `journey-${Date.now().toString(36)}`;
const person = { name, password: "" };
const chosen = `${name} chose this herself`;

let browser: Browser;
let adminPage: Page;
let page: Page;
let shown: Page;
let secret = "";
const failures: string[] = [];

beforeAll(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: environment.browser, args: ["--no-sandbox"] });
  adminPage = await newPage();
  page = await newPage();
  shown = adminPage;
});

afterAll(async () => {
  await browser?.close();
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await shown.screenshot({ path: `${SCREENSHOTS}failure.png` });
});

describe(`accounts on ${environment.cluster}`, () => {
  it("an administrator makes an account, whose password is shown this once", async () => {
    await signIn(adminPage, environment.admin);
    await adminPage.getByRole("link", { name: "Users", exact: true }).click();
    await heading("Users");
    await adminPage.getByRole("button", { name: "New account" }).click();
    const form = adminPage.getByRole("dialog", { name: "New account" });
    await form.getByLabel("User name", { exact: true }).fill(name);
    await form.getByLabel("Unix user").fill("");
    await form.getByRole("button", { name: "Make the account" }).click();
    const made = adminPage.getByRole("dialog", { name: `Account ${name} is made` });
    person.password = await text(made.getByLabel("Password"));
    await adminPage.keyboard.press("Escape");
    await made.getByRole("button", { name: "I have kept it: close" }).click();
    await heading(name);
    await seen("admin-user");
    expect(await adminPage.content()).not.toContain(person.password);
    await adminPage.getByRole("link", { name: "Users", exact: true }).last().click();
    await adminPage.getByRole("link", { name }).waitFor();
    await seen("admin-users");
  });

  it("its owner signs in and sees this session, and another that she can end", async () => {
    shown = page;
    await signIn(page, person);
    const elsewhere = await newPage();
    await signIn(elsewhere, person);
    await openAccount();
    const sessions = page.getByRole("table", { name: "My sessions" });
    await sessions.getByText("This one").waitFor();
    await seen("account-sessions");
    await sessions.getByRole("button", { name: /^End the session/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End the session" }).click();
    await sessions.getByRole("button", { name: /^End the session/ }).waitFor({ state: "detached" });
    await elsewhere.getByText("Your session has ended").waitFor();
    expect(new URL(elsewhere.url()).searchParams.get("return")).toBe(`/clusters/${environment.cluster}`);
    await elsewhere.context().close();
  });

  it("makes a key for her scripts, which is shown this once", async () => {
    await page.getByRole("tab", { name: "API keys" }).click();
    await page.getByRole("button", { name: "New key" }).click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Name").fill("nightly runs");
    await form.getByRole("checkbox", { name: "Jobs: read" }).check();
    await seen("account-new-key");
    await form.getByRole("button", { name: "Make the key" }).click();
    const made = page.getByRole("dialog", { name: "Key “nightly runs” is made" });
    secret = await text(made.getByLabel("API key"));
    expect(secret).toMatch(/^qd_/);
    expect(await barriers(page)).toEqual([]);
    await made.getByRole("button", { name: "I have kept it: close" }).click();
    await page
      .getByRole("row", { name: /nightly runs/ })
      .getByText("Live")
      .waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it("uses the key for what it may do, and for nothing else", async () => {
    expect(await ask(`/clusters/${environment.cluster}/jobs`)).toMatchObject({ status: 200 });
    expect(await ask("/uploads")).toMatchObject({ status: 403, code: "missing-scope" });
    expect(await ask("/api-keys")).toMatchObject({ status: 403, code: "not-by-key" });
    await page.reload();
    await page.getByRole("row", { name: /nightly runs.*ago|nightly runs.*now/ }).waitFor();
    await seen("account-keys");
  });

  it("revokes the key, and it is refused", async () => {
    await page.getByRole("button", { name: "Revoke nightly runs" }).click();
    await page
      .getByRole("dialog", { name: "Revoke nightly runs?" })
      .getByRole("button", { name: "Revoke the key" })
      .click();
    await page
      .getByRole("row", { name: /nightly runs/ })
      .getByText("Revoked")
      .waitFor();
    expect(await ask(`/clusters/${environment.cluster}/jobs`)).toMatchObject({ status: 401 });
  });

  it("chooses a password of her own, and is told what is wrong with a bad one", async () => {
    await page.getByRole("tab", { name: "Password" }).click();
    await page.getByLabel("Present password").fill(person.password);
    await page.getByLabel("New password").fill("password123");
    const change = page.getByRole("button", { name: "Change password" });
    await change.click();
    await page.getByText("This password is one of those that are tried first").waitFor();
    await seen("account-password");
    rememberSecret(chosen);
    await page.getByLabel("New password").fill(chosen);
    await change.click();
    await page.getByText("Your password is changed.").waitFor();
    person.password = chosen;
    const elsewhere = await newPage();
    await signIn(elsewhere, person);
    await elsewhere.context().close();
  });

  it("is not shown what is for administrators", async () => {
    expect(await page.getByRole("link", { name: "Audit log" }).count()).toBe(0);
    await page.goto("/admin/audit");
    await page.getByText("This page is for administrators").waitFor();
  });

  it("the administrator finds all of it in the audit log, which is as it was written", async () => {
    shown = adminPage;
    await adminPage.getByRole("link", { name: "Audit log" }).click();
    await adminPage.getByRole("searchbox", { name: "Who" }).fill(name);
    await adminPage.waitForURL(/[?&]actor=/);
    const events = adminPage.getByRole("table", { name: "Events" });
    await events.getByText("Password set").first().waitFor();
    await events.getByText("Account made").waitFor({ state: "detached" });
    for (const deed of ["Signed in", "Signed out", "API key made", "API key revoked"])
      expect(await events.getByText(deed, { exact: true }).count(), deed).toBeGreaterThan(0);
    await seen("admin-audit");

    await adminPage.getByLabel("Action").selectOption("API key made");
    await events.getByText("Password set").first().waitFor({ state: "detached" });
    await events.getByRole("link").first().click();
    await adminPage.getByText("nightly runs").waitFor();
    expect(await adminPage.content()).not.toContain(secret.split("_").at(-1));
    expect(new URL(adminPage.url()).searchParams.get("action")).toBe("key.create");
    await seen("admin-audit-event");

    await adminPage.getByRole("button", { name: "Verify" }).click();
    await adminPage.getByText(/events? w(as|ere) looked at, and/).waitFor();
  });

  it("exports the audit log", async () => {
    const arrives = adminPage.waitForEvent("download");
    await adminPage.getByRole("button", { name: "Export" }).click();
    const download = await arrives;
    expect(download.suggestedFilename()).toMatch(/^audit-.*\.ndjson$/);
    const lines = await linesOf(download);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it("sees the limits in force", async () => {
    await adminPage.getByRole("link", { name: "Rate limits" }).click();
    const limits = adminPage.getByRole("table", { name: "Limits in force" });
    await limits.getByRole("row", { name: /Jobs submitted/ }).waitFor();
    await seen("admin-limits");
  });

  it("speaks Korean in the dark", async () => {
    shown = page;
    await page.goto("/account");
    await heading("My account");
    await speakKoreanInTheDark(page);
    await page.getByText("현재 세션").waitFor();
    await seen("account-sessions-ko-dark");
    await page.getByRole("tab", { name: "API 키" }).click();
    await page.getByText("폐기됨").waitFor();
    await seen("account-keys-ko-dark");
    await page.getByRole("button", { name: "새 키" }).click();
    await page.getByRole("dialog", { name: "새 키" }).waitFor();
    await seen("account-new-key-ko-dark");
    await page.getByRole("dialog").getByRole("button", { name: "취소" }).click();
    await page.getByRole("tab", { name: "비밀번호" }).click();
    await page.getByLabel("현재 비밀번호").waitFor();
    await seen("account-password-ko-dark");

    shown = adminPage;
    await speakKoreanInTheDark(adminPage);
    await adminPage.getByRole("table", { name: "적용 중인 한도" }).waitFor();
    await seen("admin-limits-ko-dark");
    await adminPage.goto(`/admin/audit?actor=${name}`);
    await adminPage.getByRole("table", { name: "기록" }).getByText("비밀번호 설정").first().waitFor();
    await seen("admin-audit-ko-dark");
    await adminPage.getByRole("link", { name: "사용자", exact: true }).click();
    await adminPage.getByRole("link", { name }).waitFor();
    await seen("admin-users-ko-dark");
    await adminPage.getByRole("link", { name }).click();
    await adminPage.getByRole("heading", { name, level: 1 }).waitFor();
    await adminPage.getByRole("row", { name: /nightly runs/ }).waitFor();
    await seen("admin-user-ko-dark");
  });

  it("disables the account, and all its pages are signed out", async () => {
    await adminPage.getByRole("button", { name: "비활성화" }).click();
    await adminPage.getByRole("dialog").getByRole("button", { name: "계정 비활성화" }).click();
    await adminPage.getByRole("heading", { name, level: 1 }).locator("..").getByText("비활성").waitFor();
    shown = page;
    await page.getByText("세션이 끝났습니다").waitFor();
  });

  it("had no failure in the page's own code", () => {
    expect(failures).toEqual([]);
  });
});

async function newPage(): Promise<Page> {
  const context = await newContext(browser, environment.url);
  const made = await context.newPage();
  made.on("pageerror", (error) => failures.push(error.message));
  return made;
}

async function openAccount(): Promise<void> {
  await page.getByRole("button", { name: `Account ${name}` }).click();
  await page.getByRole("menuitem", { name: "My account" }).click();
  await heading("My account");
}

function heading(words: string): Promise<void> {
  return shown.getByRole("heading", { name: words, level: 1 }).waitFor();
}

async function text(place: Locator): Promise<string> {
  await place.waitFor();
  return (await place.textContent()) ?? "";
}

/** Keeps a picture of the page, and finds nothing on it that keeps people out. */
async function seen(picture: string): Promise<void> {
  // Dialogs come in slowly, and half-transparent words have no contrast.
  await shown.waitForTimeout(400);
  await shown.screenshot({ path: `${SCREENSHOTS}${picture}.png` });
  expect(await barriers(shown), picture).toEqual([]);
}

/** As a script of hers would, with the key and without a browser. */
async function ask(path: string): Promise<{ status: number; code: string | undefined }> {
  const response = await fetch(`${environment.url}/api/v1${path}`, {
    headers: { Authorization: `Bearer ${secret}` },
  });
  const body = (await response.json()) as { code?: string };
  return { status: response.status, code: body.code };
}

async function linesOf(download: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<string[]> {
  let content = "";
  for await (const piece of await download.createReadStream()) content += piece;
  return content.split("\n").filter(Boolean);
}
