// The demo's page in every state: on a phone, for those who do not see it, in light and dark, and with nothing
// from elsewhere.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { launch } from "./common/chromium.mjs";
import { Demo } from "./common/demo.mjs";
import { start } from "./common/example.mjs";

const require = createRequire(path.join(process.env.BROWSER_MODULES, "package.json"));

let browser, server, axe;
before(async () => {
  const source = readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  [browser, server, axe] = await Promise.all([launch(), start("demo"), source]);
});
after(() => Promise.all([browser?.close(), server?.stop()]));

/** How the page looks at different times; each brings a visitor there. */
const STATES = {
  "without a session": (options) => Demo.visit(browser, server.url, options),
  "with a new session": (options) => Demo.begin(browser, server.url, options),
  "with a full session": async (options) => {
    const demo = await Demo.begin(browser, server.url, options);
    await demo.logIn("W".repeat(60));
    await demo.add("Teapot");
    await demo.page.getByLabel("Note to the shop").fill("m".repeat(2600));
    await demo.press("Save the note");
    await demo.said("The note was saved.");
    return demo;
  },
  "after a rotation": async (options) => {
    const demo = await Demo.begin(browser, server.url, options);
    await demo.press("Rotate");
    await demo.said("still accepted");
    return demo;
  },
  "after tampering": async (options) => {
    const demo = await Demo.begin(browser, server.url, options);
    await demo.press("Change");
    await demo.said("Refused");
    return demo;
  },
  "with a form of another session": async (options) => {
    const demo = await Demo.begin(browser, server.url, options);
    await demo.context.clearCookies();
    await demo.press("Rotate");
    await demo.said("That form was of another session");
    return demo;
  },
};

for (const [state, reach] of Object.entries(STATES)) {
  describe(state, () => {
    for (const width of [320, 390]) {
      test(`nothing is wider than a phone of ${width} pixels`, async () => {
        const demo = await reach({ viewport: { width, height: 700 }, isMobile: true });
        const { content, window, viewport } = await demo.page.evaluate(() => ({
          content: document.documentElement.scrollWidth,
          window: window.innerWidth,
          viewport: screen.width,
        }));
        assert.deepEqual({ content, window }, { content: viewport, window: viewport });
      });
    }

    for (const colorScheme of ["light", "dark"]) {
      test(`names, landmarks and contrast are as they should be in ${colorScheme}`, async () => {
        const demo = await reach({ colorScheme });
        await demo.page.evaluate(axe);
        const { violations, passes } = await demo.page.evaluate(() => globalThis.axe.run());
        const found = violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`));
        assert.deepEqual(found, []);
        const checked = passes.map(({ id }) => id);
        for (const rule of ["color-contrast", "document-title", "html-has-lang", "landmark-one-main"]) {
          assert.ok(checked.includes(rule), `${rule} was checked`);
        }
      });
    }

    test("every control has a name", async () => {
      const demo = await reach({});
      for (const control of await demo.page.locator("button, input:not([type=hidden]), select, textarea, a").all()) {
        const snapshot = await control.ariaSnapshot();
        assert.match(snapshot, /^- \w+ "[^"]+"/, await control.evaluate((node) => node.outerHTML));
      }
    });
  });
}

test("the page loads nothing from elsewhere, and its policy refuses nothing of it", async () => {
  const demo = await Demo.visit(browser, server.url);
  const [asked, complaints] = [[], []];
  demo.page.on("request", (request) => asked.push(new URL(request.url()).origin));
  demo.page.on("console", (message) => complaints.push(message.text()));
  demo.page.on("pageerror", (error) => complaints.push(String(error)));
  const response = await demo.page.goto(server.url);
  await demo.press("Start a session");
  await demo.add("Teapot");
  await demo.page.waitForLoadState("networkidle");
  assert.ok(asked.length > 6);
  assert.deepEqual([...new Set(asked)], [server.url]);
  assert.deepEqual(complaints, []);
  assert.match(response.headers()["content-security-policy"], /^default-src 'none'; style-src 'self'; script-src 'self'/);
});

test("every form carries a CSRF token", async () => {
  const demo = await Demo.begin(browser, server.url);
  await demo.add("Teapot");
  const forms = await demo.page.locator("form").all();
  assert.ok(forms.length >= 7);
  for (const form of forms) {
    assert.equal(await form.getAttribute("method"), "post");
    assert.ok((await form.locator("input[name=csrf_token]").inputValue()).length > 60);
  }
});

test("the focus is visible", async () => {
  const demo = await Demo.begin(browser, server.url);
  await demo.page.keyboard.press("Tab");
  const outline = await demo.page.evaluate(() => {
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    return `${outlineStyle} ${outlineWidth}`;
  });
  assert.equal(outline, "solid 3px");
});
