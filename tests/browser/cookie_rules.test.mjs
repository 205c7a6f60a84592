// Which cookies Chromium keeps: every contradiction that `CookiePolicyBuilder::build` refuses is one for which
// the browser would drop the cookie, and what a policy does write is kept.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch, visitor } from "./common/chromium.mjs";
import { start } from "./common/example.mjs";

let browser, lab;
before(async () => ([browser, lab] = await Promise.all([launch(), start("examples/cookie_lab")])));
after(() => Promise.all([browser?.close(), lab?.stop()]));

/** The answer to a request of a new visitor, and the cookies that the browser keeps of it. */
async function kept(host, path) {
  const context = await visitor(browser);
  try {
    const response = await (await context.newPage()).goto(`${lab.on(host)}${path}`);
    return { status: response.status(), text: await response.text(), cookies: await context.cookies() };
  } finally {
    await context.close();
  }
}

const rawly = (host, cookie) => kept(host, `/set?${new URLSearchParams({ header: cookie })}`);
const byPolicy = (host, settings) => kept(host, `/policy?${new URLSearchParams(settings)}`);

const HOST = "shop.localhost";

describe("what a policy refuses, Chromium drops", () => {
  const contradictions = [
    ["with a Domain", { domain: HOST }, `Secure; Path=/; Domain=${HOST}`, ["__Host-", "__host-", "__HOST-"]],
    ["with another Path", { path: "/shop" }, "Secure; Path=/shop", ["__Host-", "__host-", "__HOST-"]],
    ["without Secure", { insecure: true }, "HttpOnly; Path=/", ["__Host-", "__host-", "__HOST-"]],
    ["without Secure", { insecure: true }, "HttpOnly; Path=/", ["__Secure-", "__secure-", "__SECURE-"]],
    ["without Secure", { insecure: true }, "HttpOnly; Path=/", ["__Http-", "__http-", "__Host-Http-"]],
    [
      "SameSite=None without Secure",
      { insecure: true, same_site_none: true },
      "HttpOnly; Path=/; SameSite=None",
      [""],
    ],
    ["Partitioned without Secure", { insecure: true, partitioned: true }, "Path=/; Partitioned", [""]],
    ["a Domain with an empty label", { domain: "shop..localhost" }, "Path=/; Domain=shop..localhost", [""]],
    ["a Domain with a port", { domain: `${HOST}:80` }, `Path=/; Domain=${HOST}:80`, [""]],
  ];
  for (const [what, settings, attributes, prefixes] of contradictions) {
    for (const prefix of prefixes) {
      test(`${prefix}… ${what}`.replace(/^… /, ""), async () => {
        const name = `${prefix}sid`;
        const policy = await byPolicy(HOST, { name, ...settings });
        assert.equal(policy.status, 422, policy.text);
        const { status, cookies } = await rawly(HOST, `${name}=value; ${attributes}`);
        assert.equal(status, 200);
        assert.deepEqual(cookies, []);
      });
    }
  }
});

describe("what a policy writes, Chromium keeps", () => {
  const settings = [
    { name: "__Host-sid" },
    { name: "__Host-Http-sid" },
    { name: "__Http-sid", domain: HOST },
    { name: "__Secure-sid", domain: HOST, path: "/shop" },
    { name: "__host-sid", same_site_none: true, partitioned: true },
    { name: "sid", insecure: true },
    { name: "sid", path: `/${"x".repeat(1023)}` },
  ];
  for (const setting of settings) {
    test(JSON.stringify(setting).slice(0, 90), async () => {
      const { status, text, cookies } = await byPolicy(HOST, setting);
      assert.equal(status, 200, text);
      assert.deepEqual(
        cookies.map(({ name, secure, path, domain }) => ({ name, secure, path, domain })),
        [
          {
            name: setting.name,
            secure: !setting.insecure,
            path: setting.path ?? "/",
            domain: setting.domain ? `.${setting.domain}` : HOST,
          },
        ],
      );
    });
  }
});

// `build` refuses these too, because no two programs agree on them. Chromium keeps the cookie, but for another
// path than the one that was meant.
describe("what Chromium keeps and takes otherwise", () => {
  for (const path of ["shop", `/${"x".repeat(1024)}`]) {
    test(`Path=${path.slice(0, 20)}, of ${path.length} characters`, async () => {
      assert.equal((await byPolicy(HOST, { name: "sid", path })).status, 422);
      const { cookies } = await rawly(HOST, `sid=value; Path=${path}`);
      assert.deepEqual(cookies.map(({ path }) => path), ["/"]);
    });
  }

  for (const name of ["", "a b", "ä", 'a"b']) {
    test(`the name ${JSON.stringify(name)}`, async () => {
      assert.equal((await byPolicy(HOST, { name })).status, 422);
      const { cookies } = await rawly(HOST, `${name}=value; Path=/`);
      assert.equal(cookies.length, 1);
    });
  }
});

describe("cookies with Secure over http", () => {
  const names = ["sid", "__Secure-sid", "__Host-sid"];
  for (const [host, takesThem] of [
    ["localhost", true],
    ["127.0.0.1", true],
    ["shop.localhost", true],
    ["shop.test", false],
  ]) {
    for (const name of names) {
      test(`${name} from http://${host} is ${takesThem ? "kept" : "dropped"}`, async () => {
        const { status, cookies } = await byPolicy(host, { name });
        assert.equal(status, 200);
        assert.deepEqual(cookies.map(({ name }) => name), takesThem ? [name] : []);
      });
    }
  }
});
