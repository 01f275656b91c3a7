// What every journey does with the browser.
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContext, Page, Response } from "playwright-core";
import { environment, type Person } from "./environment";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto("/");
  await answerSignIn(page, person);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
}

/** Where the page asks for it; it goes on to where somebody was. */
export async function answerSignIn(page: Page, { name, password }: Person): Promise<void> {
  await page.getByLabel("User name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function speakKoreanInTheDark(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menuitemradio", { name: "한국어" }).click();
  await page.getByRole("button", { name: "화면 색상" }).click();
  await page.getByRole("menuitemradio", { name: "어둡게" }).click();
}

/** A window of somebody's own: nobody else's cookies. */
export async function newContext(browser: Browser, baseURL: string): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL,
    locale: "en-US",
    colorScheme: "light",
    viewport: { width: 1280, height: 800 },
    // Half-transparent words have no contrast, and a picture of a dialog that is coming shows nothing.
    reducedMotion: "reduce",
  });
  context.on("response", (response) => void rememberSecretsOf(response));
  return context;
}

/** `dev/journeys` looks for these in the server's log and data. */
export function rememberSecret(secret: string): void {
  if (environment.secretsFile) appendFileSync(environment.secretsFile, `${secret}\n`);
}

/** Every token, key, cookie and password that the server hands out. */
async function rememberSecretsOf(response: Response): Promise<void> {
  if (!/\/api\/v1\/(auth|api-keys|users)/.test(response.url())) return;
  const cookies = await response.headerValues("set-cookie").catch(() => []);
  const kept = cookies.map((cookie) => cookie.split(/[=;]/)[1] ?? "");
  const body: unknown = await response.json().catch(() => null);
  const { access_token, refresh_token, key, password } = (body ?? {}) as Record<string, unknown>;
  for (const secret of [...kept, access_token, refresh_token, key, password]) {
    if (typeof secret === "string" && secret !== "") rememberSecret(secret);
  }
}

/** What keeps people from using the page as it is once nothing moves (WCAG 2.2 AA), each with its place and why. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  await page.evaluate(async () => {
    const moving = document.getAnimations().map((animation) => animation.finished.catch(() => {}));
    await Promise.all([document.fonts.ready, ...moving]);
  });
  const { violations } = await page.evaluate<AxeResults, string[]>(
    (values) => (window as unknown as { axe: typeof import("axe-core") }).axe.run({ runOnly: values }),
    WCAG,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} (${node.failureSummary})`),
  );
}
