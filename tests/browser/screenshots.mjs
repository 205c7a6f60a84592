// The pictures of docs/web-server.md: a session with something in it, in light and dark, and on a phone.

import path from "node:path";

import { launch, visitor } from "./common/chromium.mjs";
import { start } from "./common/example.mjs";

const PICTURES = {
  "demo-light.png": { colorScheme: "light", viewport: { width: 1100, height: 800 } },
  "demo-dark.png": { colorScheme: "dark", viewport: { width: 1100, height: 800 } },
  "demo-phone.png": { colorScheme: "light", viewport: { width: 390, height: 844 }, isMobile: true },
};

async function fillSession(page, url) {
  await page.goto(url);
  await page.getByRole("button", { name: "Start a session" }).click();
  for (const product of ["Teapot", "Honey"]) {
    await page.getByLabel("Product").selectOption(product);
    await page.getByRole("button", { name: "Add", exact: true }).click();
  }
  await page.getByLabel("Your name").fill("Ada");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByText("still accepted").waitFor();
  await page.evaluate(() => scrollTo(0, 0));
}

const folder = process.argv[2];
const [browser, demo] = await Promise.all([launch(), start("demo")]);
for (const [file, options] of Object.entries(PICTURES)) {
  const context = await visitor(browser, options);
  const page = await context.newPage();
  await fillSession(page, demo.url);
  await page.screenshot({ path: path.join(folder, file), fullPage: !options.isMobile });
  await context.close();
}
await Promise.all([browser.close(), demo.stop()]);
