// A session that takes two cookies: it survives in the browser, and no half stands for the whole.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch, visitor } from "./common/chromium.mjs";
import { start } from "./common/example.mjs";
import { Lab } from "./common/lab.mjs";

const FIRST = "__Host-two";
const SECOND = "__Host-two.1";
const BYTES = 5000;

let browser, lab;
before(async () => ([browser, lab] = await Promise.all([launch(), start("examples/cookie_lab")])));
after(() => Promise.all([browser?.close(), lab?.stop()]));

async function client() {
  return Lab.visit(await visitor(browser), lab.url);
}

const halves = async (site) => [await site.cookie(FIRST), await site.cookie(SECOND)];
const plant = (name, value) => `${name}=${value}; HttpOnly; SameSite=Lax; Secure; Path=/`;
const gone = (name) => `${name}=; Max-Age=0; Secure; Path=/`;

test("a session of 5000 bytes survives in two cookies", async () => {
  const site = await client();
  assert.equal((await site.post(`/two/${BYTES}`)).status, 200);
  const [first, second] = await halves(site);
  assert.match(first, /^2\./);
  assert.ok(FIRST.length + first.length === 4096 && second.length > 0);
  assert.equal((await site.get("/two")).text, String(BYTES));
});

test("a session that shrinks to one cookie clears the other", async () => {
  const site = await client();
  await site.post(`/two/${BYTES}`);
  assert.equal((await site.post("/two/10")).status, 200);
  const [first, second] = await halves(site);
  assert.ok(first.length < 300 && second === undefined);
  assert.equal((await site.get("/two")).text, "10");
});

describe("no half stands for the whole", () => {
  const cases = {
    "the second is of an older token": (older) => [plant(SECOND, older[1])],
    "the first is of an older token": (older) => [plant(FIRST, older[0])],
    "the halves are swapped": (_, newer) => [plant(FIRST, `2.${newer[1]}`), plant(SECOND, newer[0].slice(2))],
    "the second is missing": () => [gone(SECOND)],
    "the first is missing": () => [gone(FIRST)],
  };
  for (const [what, damage] of Object.entries(cases)) {
    test(what, async () => {
      const site = await client();
      await site.post(`/two/${BYTES}`);
      const older = await halves(site);
      await site.post(`/two/${BYTES + 1}`);
      const newer = await halves(site);
      assert.ok(older[0] !== newer[0] && older[1] !== newer[1]);
      await site.set(...damage(older, newer));
      assert.notDeepEqual(await halves(site), newer);
      assert.equal((await site.get("/two")).text, "no session");
    });
  }

  test("what is refused is removed, both halves of it, and a new session works", async () => {
    const site = await client();
    await site.post(`/two/${BYTES}`);
    const [, second] = await halves(site);
    await site.set(plant(SECOND, `${second[0] === "A" ? "B" : "A"}${second.slice(1)}`));
    assert.equal((await site.get("/two")).text, "no session");
    assert.deepEqual(await halves(site), [undefined, undefined]);
    await site.post(`/two/${BYTES}`);
    assert.equal((await site.get("/two")).text, String(BYTES));
  });
});
