// The size of a cookie: what fits is kept, and what does not is refused by the server, because the browser would
// drop it and say nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, visitor } from "./common/chromium.mjs";
import { start } from "./common/example.mjs";
import { Lab } from "./common/lab.mjs";

const NAME = "__Host-session";
const MOST = 4096;
/** Characters in the longest session of one cookie: 2958 bytes of data, less `{"a":""}`. */
const FITS = 2950;

let browser, lab;
before(async () => ([browser, lab] = await Promise.all([launch(), start("examples/cookie_lab")])));
after(() => Promise.all([browser?.close(), lab?.stop()]));

async function client() {
  return Lab.visit(await visitor(browser), lab.url);
}

test("a session of 4096 octets of cookie is kept", async () => {
  const site = await client();
  assert.equal((await site.post(`/one/${FITS}`)).status, 200);
  assert.equal(NAME.length + (await site.cookie(NAME)).length, MOST);
  assert.equal((await site.get("/one")).text, String(FITS));
});

test("one byte more is an error at the server, and the session stays as it was", async () => {
  const site = await client();
  await site.post(`/one/${FITS}`);
  const refused = await site.post(`/one/${FITS + 1}`);
  assert.equal(refused.status, 422);
  assert.match(refused.text, new RegExp(`${MOST - NAME.length + 1}.*${MOST - NAME.length}`));
  assert.equal((await site.get("/one")).text, String(FITS));
});

test("a cookie of 4097 octets is dropped by Chromium, which keeps the one before it", async () => {
  const site = await client();
  const raw = (octets) => `${NAME}=${"x".repeat(octets - NAME.length)}; Path=/; Secure; HttpOnly`;
  await site.set(raw(MOST));
  assert.equal((await site.cookie(NAME)).length, MOST - NAME.length);
  await site.set(`${NAME}=before; Path=/; Secure; HttpOnly`);
  await site.set(raw(MOST + 1));
  assert.equal(await site.cookie(NAME), "before");
});
