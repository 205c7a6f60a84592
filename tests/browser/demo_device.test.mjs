// The demo's section "This device": a browser that binds, one that does not, and what a copied cookie is worth.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { launch } from "./common/chromium.mjs";
import { Demo } from "./common/demo.mjs";
import { BOUND, Device, ORDINARY, PROOF, until } from "./common/device.mjs";
import { start } from "./common/example.mjs";
import { Front } from "./common/front.mjs";

const PROOF_TTL_S = 4;

const require = createRequire(path.join(process.env.BROWSER_MODULES, "package.json"));

let server, front, device, demo;
before(async () => {
  server = await start("demo", "--proof-ttl", String(PROOF_TTL_S));
  front = await Front.open(server.port);
});
after(async () => {
  front?.close();
  await server?.stop();
});

/** A browser with a profile of its own, in which Ada has logged in. */
async function logIn(how) {
  device = await Device.open(front, how);
  demo = new Demo(device.context, device.page);
  await demo.press("Start a session");
  await demo.logIn("Ada");
}

/** Without a page that asks by itself, somebody has to. */
const hasMoved = () =>
  until(async () => {
    await demo.page.reload();
    return !(await device.cookie(ORDINARY));
  }, "the session has moved to the device");
const section = () => demo.page.getByRole("region", { name: "This device" });
const row = (name) => section().getByRole("row", { name });

/** What the page says after a button was pressed. */
async function told(button) {
  await demo.press(button);
  await demo.page.waitForLoadState("load");
  return (await demo.messages()).join(" ");
}

/** Copies the cookies with a proof that is still good when the copy is used. */
const copyInTime = () =>
  until(async () => {
    assert.match(await told("Copy these cookies, as a thief would"), /The cookies were copied\./);
    return /Whoever has the copy is Ada here\./.test(await told("Use the copy"));
  }, "a copy is used in time");

for (const javaScriptEnabled of [true, false]) {
  describe(`in a browser that binds, with JavaScript ${javaScriptEnabled ? "on" : "off"}`, () => {
    beforeEach(async () => {
      await logIn({ options: { javaScriptEnabled } });
      await device.registered();
      await hasMoved();
    });
    afterEach(() => device.forget());

    test("the page says that the session is bound, and until when the proof is good", async () => {
      await section().getByText("Bound. Without a proof").waitFor();
      await row("/dbsc/register").getByText("200, proof given").first().waitFor();
      const proof = section().locator("#proof");
      assert.match(await proof.innerText(), /^good for another [0-4] s\s+until \d\d:\d\d:\d\d UTC$/);
      assert.equal(await demo.user(), "Ada");
    });

    test("the page shows the cookies that take part, and the bound one by its fields", async () => {
      const cookies = section().getByRole("table", { name: "The cookies that your browser sent" });
      await until(async () => {
        const [, sent] = [await demo.page.reload(), await device.cookie(BOUND)];
        const isAlone = (await cookies.innerText()).includes(`${ORDINARY}\tnot sent`);
        return isAlone && (await demo.page.locator("#token").textContent()) === sent;
      }, "the bound cookie is sent, and not the ordinary one");
      assert.match(await cookies.innerText(), new RegExp(`${BOUND}\\t\\d{3}\\s+${PROOF}\\t\\d{3}`));
      await demo.page.getByRole("heading", { name: BOUND }).waitFor();
      const fields = demo.page.getByRole("list", { name: "The fields of the token" }).getByRole("listitem");
      assert.equal(await fields.count(), 5);
      await demo.page.getByRole("row", { name: /sealing\s+sealed the cookie you sent/ }).waitFor();
    });

    test("a copy is worth something until the proof in it is over, and the device goes on", async () => {
      await copyInTime();
      await until(
        async () => /The proof is over: no session\./.test(await told("Use the copy")),
        "the copy is worth nothing",
      );
      assert.match(await told("Use the copy"), /The proof is over: no session\./);
      await section().getByText("Bound. Without a proof").waitFor();
      assert.equal(await demo.user(), "Ada");
    });

    test("a damaged bound cookie is refused, and a new session can begin", async () => {
      await demo.press("Change");
      await demo.said("Refused: the cookie is not what this server sealed (check “aead”).");
      await demo.page.getByRole("heading", { name: BOUND }).waitFor();
      await demo.press("Start a session");
      await demo.said("Your session has begun");
      assert.equal(await demo.user(), "nobody");
    });

    test("a logout ends it", async () => {
      await demo.press("Log out");
      await demo.said("You are logged out.");
      await demo.page.getByRole("heading", { name: "You have no session" }).waitFor();
    });
  });
}

describe("live", () => {
  beforeEach(() => logIn());
  afterEach(() => device.forget());

  test("the registration and refreshes appear as they happen, and the policy refuses nothing", async () => {
    const complaints = [];
    demo.page.on("console", (message) => complaints.push(message.text()));
    demo.page.on("pageerror", (error) => complaints.push(String(error)));
    await section().getByText("Bound. Without a proof").waitFor();
    await device.registered();
    const before = front.answers("/dbsc/refresh").length;
    const shown = await row("/dbsc/refresh").filter({ hasText: "200, proof given" }).count();
    await until(async () => {
      const rows = await row("/dbsc/refresh").filter({ hasText: "200, proof given" }).count();
      return rows > shown && front.answers("/dbsc/refresh").length > before;
    }, "a refresh is shown");
    assert.deepEqual(complaints, []);
  });
});

describe("in a browser that does not bind", () => {
  before(() => logIn({ knows: false }));
  after(() => device.forget());

  test("the page says so, and the copy is as good as the cookie", async () => {
    await section().getByText("Not bound. This browser has registered no key").waitFor();
    assert.equal(await section().locator("#proof").count(), 0);
    await demo.press("Copy these cookies, as a thief would");
    await demo.said("The cookies were copied.");
    await demo.press("Use the copy");
    await demo.said("Whoever has the copy is Ada here.");
    await demo.press("Log out");
    await demo.said("You are logged out.");
  });
});

test("over http and with --insecure the page says why nothing is bound", async () => {
  const [browser, insecure] = await Promise.all([launch(), start("demo", "--insecure")]);
  try {
    for (const [{ url }, why] of [
      [server, "Not bound. Browsers bind sessions over https only, and this page came over http."],
      [insecure, "Not bound. With --insecure the demo binds no session to a device."],
    ]) {
      const { page } = await Demo.begin(browser, url);
      assert.equal(await page.locator("#bound").innerText(), why);
      assert.equal(await page.locator("[data-live]").count(), 0);
    }
  } finally {
    await Promise.all([browser.close(), insecure.stop()]);
  }
});

describe("the section of a bound session", () => {
  before(async () => {
    await logIn();
    await section().getByText("Bound. Without a proof").waitFor();
    await copyInTime();
  });
  after(() => device.forget());

  for (const colorScheme of ["light", "dark"]) {
    test(`names, landmarks and contrast are as they should be in ${colorScheme}`, async () => {
      await demo.page.emulateMedia({ colorScheme });
      await demo.page.evaluate(await readFile(require.resolve("axe-core/axe.min.js"), "utf8"));
      const { violations, passes } = await demo.page.evaluate(() => globalThis.axe.run());
      const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
      assert.deepEqual(found, []);
      assert.ok(passes.some(({ id }) => id === "color-contrast"));
    });
  }

  test("nothing is wider than a phone of 320 pixels", async () => {
    await demo.page.setViewportSize({ width: 320, height: 700 });
    const widths = await demo.page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll("#device, #device table")].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    );
    assert.ok(widths.length > 3);
    assert.deepEqual(widths.filter((over) => over > 0), []);
  });

  test("every control has a name and every form a CSRF token", async () => {
    assert.equal(await section().getByRole("button").count(), 2);
    for (const form of await section().locator("form").all()) {
      assert.ok((await form.locator("input[name=csrf_token]").inputValue()).length > 60);
    }
  });
});
