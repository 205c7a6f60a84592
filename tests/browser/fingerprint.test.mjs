// Whom a session that is bound to the browser's headers logs out by mistake: docs/metadata.md has the list.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";

import { launch, visitor } from "./common/chromium.mjs";
import { start } from "./common/example.mjs";

let browser, server;
before(async () => ([browser, server] = await Promise.all([launch(), start("examples/fingerprint")])));
after(() => Promise.all([browser?.close(), server?.stop()]));

/** A visitor with a session, and how many visits it has later on, as a page shows them. */
async function begun(options) {
  const context = await visitor(browser, options);
  const page = await context.newPage();
  const visits = async () => (await (await page.goto(`${server.url}/visits`)).text()).trim();
  await page.goto(server.url);
  assert.equal(await visits(), "1 visits");
  return { context, page, visits };
}

test("pages, scripts, pictures and reloads keep the session", async () => {
  const { page, visits } = await begun();
  await page.reload();
  await page.evaluate(async () => {
    await (await fetch("/visits")).text();
    const picture = new Image();
    await new Promise((done) => Object.assign(picture, { onerror: done, src: "/visits?picture" }));
    navigator.sendBeacon("/visits");
  });
  assert.equal(await visits(), "1 visits");
});

test("a video or a sound", async () => {
  for (const tag of ["video", "audio"]) {
    const { page, visits } = await begun();
    const play = (tag) =>
      new Promise((done) => Object.assign(document.createElement(tag), { onerror: done, src: "/visits?media" }));
    await page.evaluate(play, tag);
    assert.equal(await visits(), "0 visits", tag);
  }
});

test("a script that names a language", async () => {
  const { page, visits } = await begun();
  await page.evaluate(async () => (await fetch("/visits", { headers: { "Accept-Language": "eo" } })).text());
  assert.equal(await visits(), "0 visits");
});

test("another language", async () => {
  const { context, visits } = await begun({ locale: "en-GB" });
  const [page, cookies] = [await context.newPage(), await context.cookies()];
  const other = await visitor(browser, { locale: "de-DE" });
  await other.addCookies(cookies);
  const text = await (await (await other.newPage()).goto(`${server.url}/visits`)).text();
  assert.equal(text.trim(), "0 visits");
  await page.close();
  assert.equal(await visits(), "1 visits", "the one before, whose cookie it was");
});

test("device mode", async () => {
  const { context, page, visits } = await begun();
  const tools = await context.newCDPSession(page);
  await tools.send("Emulation.setUserAgentOverride", { userAgent: "a telephone" });
  assert.equal(await visits(), "0 visits");
});

test("http instead of https", async () => {
  const encodings = {};
  const listener = http.createServer((request, response) => {
    encodings[request.headers.host.split(":")[0]] ??= request.headers["accept-encoding"];
    response.end();
  });
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  const { port } = listener.address();
  const page = await (await visitor(browser)).newPage();
  // Browsers take localhost for as secure as https.
  for (const host of ["localhost", "shop.test"]) await page.goto(`http://${host}:${port}/`);
  listener.close();
  assert.deepEqual(encodings, { localhost: "gzip, deflate, br, zstd", "shop.test": "gzip, deflate" });
});
