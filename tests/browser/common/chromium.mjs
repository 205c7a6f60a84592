// The browser, without anything that it would do on its own.

import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.BROWSER_MODULES, "package.json"));
const { chromium } = require("playwright-core");

/** Each wait of a test ends by then. */
const DEADLINE_MS = 30_000;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A host of this machine that is no loopback name: http to it is not secure.
  "--host-resolver-rules=MAP *.test 127.0.0.1",
];

export async function launch() {
  return chromium.launch({ executablePath: process.env.BROWSER_CHROMIUM, args: FLAGS, timeout: DEADLINE_MS });
}

/** A browser whose cookies and keys stay in a folder, with some flags more. */
export async function profile(folder, flags) {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.BROWSER_CHROMIUM,
    args: [...FLAGS.filter((flag) => flag !== "--headless"), "--headless=new", ...flags],
    timeout: DEADLINE_MS,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  return context;
}

/** A visitor with no cookies, whose waits all have a deadline. */
export async function visitor(browser, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(DEADLINE_MS);
  return context;
}
