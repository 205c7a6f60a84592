// What the demo tells, with JavaScript and without: each button does what is written beside it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch } from "./common/chromium.mjs";
import { COOKIE, Demo } from "./common/demo.mjs";
import { start } from "./common/example.mjs";

let browser, server;
before(async () => ([browser, server] = await Promise.all([launch(), start("demo")])));
after(() => Promise.all([browser?.close(), server?.stop()]));

for (const javaScriptEnabled of [true, false]) {
  const visit = () => Demo.visit(browser, server.url, { javaScriptEnabled });
  const begin = () => Demo.begin(browser, server.url, { javaScriptEnabled });

  describe(`with JavaScript ${javaScriptEnabled ? "on" : "off"}`, () => {
    test("a new visitor gets no cookie", async () => {
      const demo = await visit();
      await demo.page.reload();
      await demo.page.getByRole("heading", { name: "You have no session" }).waitFor();
      assert.deepEqual(await demo.context.cookies(), []);
    });

    test("a session begins with a cookie that no script can read", async () => {
      const demo = await begin();
      const { httpOnly, secure, sameSite, path, domain } = await demo.cookie();
      assert.deepEqual(
        { httpOnly, secure, sameSite, path, domain },
        { httpOnly: true, secure: true, sameSite: "Lax", path: "/", domain: "localhost" },
      );
    });

    test("the page shows the token that the browser sent, by its fields", async () => {
      const demo = await begin();
      const sent = (await demo.cookie()).value;
      await demo.page.reload();
      assert.equal(await demo.page.locator("#token").textContent(), sent);
      const octets = Buffer.from(sent, "base64url").length;
      const fields = await demo.page.getByRole("list", { name: "The fields of the token" }).locator("b").allInnerTexts();
      assert.deepEqual(fields, ["1 byte", "16 bytes", "24 bytes", `${octets - 57} bytes`, "16 bytes"]);
      const meter = demo.page.getByLabel("Name and value");
      assert.equal(await meter.getAttribute("value"), String("__Host-session".length + sent.length));
    });

    test("the cart is in the cookie, and a message is shown once", async () => {
      const demo = await begin();
      await demo.add("Teapot");
      await demo.add("Honey");
      assert.deepEqual(await demo.cart(), ["Teapot", "Honey"]);
      await demo.page.reload();
      assert.deepEqual(await demo.messages(), []);
      await demo.press("Remove Teapot");
      await demo.said("Teapot was removed.");
      assert.deepEqual(await demo.cart(), ["Honey"]);
      assert.deepEqual(await demo.data(), { cart: ["Honey"] });
    });

    test("a login gives the session a new uid and keeps its data", async () => {
      const demo = await begin();
      await demo.add("Teapot");
      const before = await demo.uid();
      await demo.logIn("Ada");
      assert.notEqual(await demo.uid(), before);
      assert.equal(await demo.user(), "Ada");
      assert.deepEqual(await demo.cart(), ["Teapot"]);
    });

    test("after a rotation the next response is sealed under the new key, and nothing is lost", async () => {
      const demo = await begin();
      await demo.logIn("Ada");
      await demo.add("Honey");
      await demo.page.reload();
      const [oldKey, uid] = [await demo.keyId(), await demo.uid()];
      await demo.press("Rotate");
      await demo.said(`Your cookie came under key ${oldKey.slice(0, 8)}, which is still accepted.`);
      const newKey = await demo.keyId();
      assert.notEqual(newKey, oldKey);
      const row = (key) => demo.page.getByRole("row", { name: key.slice(0, 8) });
      assert.match(await row(newKey).innerText(), /sealing/);
      assert.match(await row(oldKey).innerText(), /accepted\s+sealed the cookie you sent/);
      await demo.page.reload();
      assert.deepEqual(await demo.messages(), []);
      assert.match(await row(newKey).innerText(), /sealing\s+sealed the cookie you sent/);
      assert.equal(await demo.keyId(), newKey);
      assert.deepEqual([await demo.user(), await demo.uid()], ["Ada", uid]);
      assert.deepEqual(await demo.cart(), ["Honey"]);
    });

    test("a new expiry is that of the session and of its cookie", async () => {
      const demo = await begin();
      const expiresAt = async () => {
        const shown = await demo.page.locator("#expires time").getAttribute("datetime");
        return Date.parse(shown) / 1000;
      };
      const before = await expiresAt();
      await demo.page.getByLabel("Expires in").selectOption("1 day");
      await demo.press("Set");
      await demo.said("The session has a new expiry.");
      const after = await expiresAt();
      assert.ok(after > before + 23 * 3600, `${before} to ${after}`);
      // `Max-Age` is in whole seconds, rounded up, and counts from when the response arrives.
      const kept = (await demo.cookie()).expires;
      assert.ok(kept > after - 2 && kept < after + 30, `${kept} for ${after}`);
    });

    for (const [field, reason] of [
      ["version", "version"],
      ["key id", "key_id"],
      ["salt", "aead"],
      ["ciphertext", "aead"],
      ["tag", "aead"],
    ]) {
      test(`one changed character of the ${field} is refused, and a new session can begin`, async () => {
        const demo = await begin();
        await demo.add("Teapot");
        const uid = await demo.uid();
        await demo.page.getByLabel("Change one character of the").selectOption(field);
        await demo.press("Change");
        await demo.said(`Refused: the cookie is not what this server sealed (check “${reason}”).`);
        assert.equal(await demo.cookie(), undefined);
        await demo.press("Start a session");
        await demo.said("Your session has begun");
        assert.notEqual(await demo.uid(), uid);
        assert.deepEqual(await demo.data(), {});
      });
    }

    test("a logout removes the cookie", async () => {
      const demo = await begin();
      await demo.logIn("Ada");
      await demo.press("Log out");
      await demo.said("You are logged out.");
      assert.deepEqual(await demo.context.cookies(), []);
    });

    test("what does not fit is refused, and the session stays as it was", async () => {
      const demo = await begin();
      await demo.add("Teapot");
      await demo.page.getByLabel("Note to the shop").fill("x".repeat(3000));
      await demo.press("Save the note");
      await demo.said("There is no room for that in the cookie, so nothing was changed.");
      assert.deepEqual(await demo.data(), { cart: ["Teapot"] });
    });

    test("a text that is longer than the server reads is refused in words", async () => {
      const demo = await begin();
      await demo.page.getByLabel("Note to the shop").fill("x".repeat(70_000));
      await demo.press("Save the note");
      await demo.said("That was more than this server reads.");
    });

    test("a user logs out the other browser, and not themselves", async () => {
      const [one, other] = [await begin(), await begin()];
      const name = `Ada ${Math.random()}`;
      await one.logIn(name);
      await other.logIn(name);
      await other.add("Honey");
      await one.page.reload();
      const sessions = one.page.getByRole("list", { name: "Your sessions" }).getByRole("listitem");
      assert.equal(await sessions.count(), 2);
      const stolen = (await other.cookie()).value;
      await one.page.getByRole("button", { name: "Log out the other one, Chromium on Linux" }).click();
      await one.said("The other session was ended.");
      assert.equal(await sessions.count(), 1);
      assert.equal(await one.user(), name);

      await other.page.reload();
      await other.said("Your session was ended from elsewhere.");
      await other.press("Start a session");
      await other.said("Your session has begun");
      await isRefused(stolen);
    });

    test("a copy of the cookie is worth nothing after a logout", async () => {
      const demo = await begin();
      await demo.logIn("Grace");
      const copy = (await demo.cookie()).value;
      await demo.press("Log out");
      await demo.said("You are logged out.");
      await isRefused(copy);
    });

    /** In the browser of a thief. */
    async function isRefused(value) {
      const thief = await visit();
      const url = server.url.replace("http:", "https:"); // by hand, Chromium takes such cookies for https only
      await thief.context.addCookies([{ name: COOKIE, value, url, secure: true, httpOnly: true }]);
      await thief.page.reload();
      await thief.said("Your session was ended from elsewhere.");
    }

    test("what a visitor writes is shown as text", async () => {
      const demo = await begin();
      const hostile = `</b><script>document.title="x"</script>{{csrf}}"'&amp;`;
      await demo.page.getByLabel("Note to the shop").fill(`</textarea>${hostile}`);
      await demo.press("Save the note");
      await demo.said("The note was saved.");
      assert.equal(await demo.page.getByLabel("Note to the shop").inputValue(), `</textarea>${hostile}`);
      assert.equal((await demo.data()).note, `</textarea>${hostile}`);
      await demo.logIn(hostile);
      assert.equal(await demo.user(), hostile);
      assert.equal(await demo.page.title(), "A session in a cookie");
    });

    test("a form of another session changes nothing", async () => {
      const demo = await begin();
      const { page, context } = demo;
      await context.clearCookies();
      const other = new Demo(context, await context.newPage());
      await other.page.goto(server.url);
      await other.press("Start a session");
      await page.getByLabel("Product").selectOption("Honey");
      await demo.press("Add");
      await demo.said("That form was of another session, or of none.");
      await page.getByRole("link", { name: "Back to the page" }).click();
      assert.deepEqual(await demo.data(), {});
    });
  });
}

test("with JavaScript the expiry ticks, and says when it is over", async () => {
  const demo = await Demo.visit(browser, server.url);
  await demo.page.clock.install();
  await demo.press("Start a session");
  const left = demo.page.locator("#left");
  await left.waitFor();
  const before = await left.innerText();
  await demo.page.clock.fastForward("05:00");
  assert.notEqual(await left.innerText(), before);
  assert.match(await left.innerText(), /^2[45] min/);
  await demo.page.clock.fastForward("26:00");
  assert.equal(await left.innerText(), "0 s");
  assert.deepEqual(await demo.messages(), [
    "Your session has begun. The cookie below is all of it.",
    "The session has expired. The next request starts without one.",
  ]);
});

test("with --insecure the cookie goes without Secure and has another name", async () => {
  const insecure = await start("demo", "--insecure");
  try {
    const demo = await Demo.begin(browser, insecure.url);
    const [{ name, secure }] = await demo.context.cookies();
    assert.deepEqual({ name, secure }, { name: "session", secure: false });
    await demo.press("Change");
    await demo.said("Refused");
  } finally {
    await insecure.stop();
  }
});
