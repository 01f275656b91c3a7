// Reads what a browser or a program says of itself (User-Agent), as far as a person needs it to know her devices again.

export interface Device {
  /** "Chrome", or a program with its version: "curl 8.5.0". */
  program: string | null;
  /** "Windows". */
  system: string | null;
}

/** The more special first: Edge, Whale and others say that they are Chrome too, and Chrome that it is Safari. */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bWhale\//, "Whale"],
  [/\bOPR\//, "Opera"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\bWindows\b/, "Windows"],
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iOS"],
  [/\biPad\b/, "iPadOS"],
  [/\bMac ?OS\b|\bMacintosh\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

export function readDevice(userAgent: string): Device {
  const system = SYSTEMS.find(([mark]) => mark.test(userAgent))?.[1] ?? null;
  const browser = BROWSERS.find(([mark]) => mark.test(userAgent))?.[1];
  if (browser) return { program: browser, system };
  const [, name, version] = /^([\w.-]+)(?:\/([\w.-]+))?/.exec(userAgent) ?? [];
  if (!name || name === "Mozilla") return { program: null, system };
  return { program: version ? `${name} ${version}` : name, system };
}
