// Sessions that are bound to a device, from the login to the logout: a browser that signs, two servers with one ring
// behind one address, and a thief.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { BOUND, Device, ORDINARY, PENDING, PROOF, until } from "./common/device.mjs";
import { start } from "./common/example.mjs";
import { Front } from "./common/front.mjs";

const PROOF_TTL_S = 4;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rings-"));
/** One that stays as it is, and one that tests change. */
const [ring, changing] = ["ring.json", "changing.json"].map((name) => path.join(folder, name));
const command = (...options) => promisify(execFile)(process.env.BROWSER_COMMAND, options);
const serverOf = (ring, ...options) =>
  start("examples/device_lab", "--ring", ring, "--proof-ttl", String(PROOF_TTL_S), ...options);
const server = (...options) => serverOf(ring, ...options);

before(() => Promise.all([ring, changing].map((ring) => command("ring", "init", ring))));
after(() => fs.rmSync(folder, { recursive: true }));

/** A test with a browser of its own, and servers behind one address. */
function visit(name, servers, with_) {
  test(name, async () => {
    const front = await Front.open(...servers().map(({ port }) => port));
    const device = await Device.open(front);
    try {
      await with_(device, front);
    } finally {
      await device.forget();
      front.close();
    }
  });
}

/** What a server says to somebody with these cookies and no browser. */
function thief(front, cookie, what = "/state") {
  return new Promise((resolve, reject) => {
    const options = { headers: { cookie }, rejectUnauthorized: false };
    https.get(front.url + what, options, (response) => {
      let text = "";
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve(text && JSON.parse(text)));
    }).on("error", reject);
  });
}

const keyId = (token) => Buffer.from(token, "base64url").subarray(1, 17).toString("hex");

describe("two servers behind one address", { concurrency: 3 }, () => {
  let servers;
  before(async () => (servers = await Promise.all([server(), server()])));
  after(() => Promise.all(servers.map((one) => one.stop())));

  visit("a login binds the session, with what was in it", () => servers, async (device, front) => {
    await device.get("/put/kept");
    await device.logIn("ann");
    const { user, text, bound } = await device.state();
    assert.deepEqual({ user, text, bound }, { user: "ann", text: "kept", bound: true });
    assert.ok(await device.cookie(BOUND));
    assert.equal(await device.cookie(ORDINARY), undefined);
    assert.deepEqual(front.answers("/dbsc/register"), [200]);
  });

  visit("a proof that is over is refreshed first, by either server", () => servers, async (device, front) => {
    await device.logIn("ann");
    const { uid } = await device.state();
    for (const { port } of servers) {
      front.ports = [port];
      await device.proofIsOver();
      const state = await device.state();
      assert.deepEqual([state.user, state.bound, state.uid], ["ann", true, uid]);
      const { path, status, port: answeredBy } = front.seen.at(-1);
      assert.deepEqual([path, status, answeredBy], ["/dbsc/refresh", 200, port]);
    }
  });

  visit("a change lasts over a refresh", () => servers, async (device, front) => {
    await device.logIn("ann");
    await device.get("/put/changed");
    await device.proofIsOver();
    assert.equal((await device.state()).text, "changed");
  });

  visit("who follows a link from another site arrives with a proof", () => servers, async (device, front) => {
    await device.logIn("ann");
    await device.proofIsOver();
    await device.page.goto(front.on("elsewhere.test"));
    await device.page.setContent(`<a href="${front.url}/state">here</a>`);
    await device.page.click("a");
    await device.page.waitForURL(`${front.url}/state`);
    const { user, bound } = JSON.parse(await device.page.locator("body").innerText());
    assert.deepEqual([user, bound], ["ann", true]);
  });

  visit("the browser is started again", () => servers, async (device, front) => {
    await device.logIn("ann");
    await device.stop();
    await device.start();
    await device.proofIsOver();
    const { user, bound } = await device.state();
    assert.deepEqual([user, bound], ["ann", true]);
  });

  visit("other servers with the same ring go on", () => servers, async (device, front) => {
    await device.logIn("ann");
    const another = await server();
    front.ports = [another.port];
    await device.proofIsOver();
    const { user, bound } = await device.state();
    await another.stop();
    assert.deepEqual([user, bound], ["ann", true]);
  });

  visit("a tampered proof ends the session", () => servers, async (device, front) => {
    await device.logIn("ann");
    await device.proofIsOver();
    front.meddleOnce("/dbsc/refresh", (headers) => {
      const [header, payload, signature] = headers["secure-session-response"].split(".");
      const other = signature.startsWith("A") ? "B" : "A";
      headers["secure-session-response"] = [header, payload, other + signature.slice(1)].join(".");
    });
    const { user, bound } = await device.state();
    assert.deepEqual([user, bound], [null, false]);
    assert.equal(front.answers("/dbsc/refresh").at(-1), 401);
    assert.deepEqual([await device.cookie(BOUND), await device.cookie(PROOF)], [undefined, undefined]);
    await until(() => device.ended.length > 0, "the browser forgets its session");
  });

  visit("a copy in another browser is worth nothing when the proof is over", () => servers, async (device, front) => {
    await device.logIn("ann");
    const copy = await device.copy();
    assert.equal((await thief(front, copy)).user, "ann", "until then it is worth as much as the original");
    await until(async () => (await thief(front, copy)).user === null, "the copy is worth nothing");
    const { bound, unproven } = await thief(front, copy);
    assert.deepEqual([bound, unproven], [false, true]);
    assert.equal((await device.state()).user, "ann", "the device itself goes on");
  });

  visit("nor in another profile of the same browser, which has no key", () => servers, async (device, front) => {
    const other = await Device.open(front);
    try {
      await device.logIn("ann");
      await other.context.addCookies(await device.context.cookies(front.url));
      assert.equal((await other.state()).user, "ann");
      await until(async () => (await other.state()).user === null, "the copy is worth nothing");
      const { bound, unproven } = await other.state();
      assert.deepEqual([bound, unproven], [false, true]);
      assert.equal((await device.state()).user, "ann");
    } finally {
      await other.forget();
    }
  });

  visit("a logout ends the session on the device", () => servers, async (device, front) => {
    await device.logIn("ann");
    await device.get("/logout");
    assert.equal((await device.state()).user, null);
    await until(() => device.ended.length > 0, "the browser forgets its session");
    assert.equal(front.answers("/dbsc/refresh").at(-1), 401);
    assert.equal(await device.cookie(BOUND), "ended");
  });

  visit("a new uid keeps the device", () => servers, async (device, front) => {
    await device.logIn("ann");
    const { uid } = await device.state();
    await device.get("/cycle");
    await device.proofIsOver();
    const state = await device.state();
    assert.deepEqual([state.user, state.bound], ["ann", true]);
    assert.notEqual(state.uid, uid);
  });

  visit("another login binds anew, and only the session before ends", () => servers, async (device, front) => {
    await device.logIn("ann");
    for (const user of ["bob", "eve"]) {
      await device.logIn(user);
      await device.proofIsOver();
      const state = await device.state();
      assert.deepEqual([state.user, state.bound], [user, true]);
    }
    await until(() => device.ended.length === 2, "the browser forgets the sessions before");
    await device.proofIsOver();
    assert.equal((await device.state()).user, "eve");
  });
});

describe("two servers whose ring changes", () => {
  let servers;
  before(async () => (servers = await Promise.all([serverOf(changing), serverOf(changing)])));
  after(() => Promise.all(servers.map((one) => one.stop())));

  visit("the ring rotates in the middle", () => servers, async (device, front) => {
    await device.logIn("ann");
    const before = keyId(await device.cookie(PROOF));
    await command("ring", "rotate", changing, "--activate-in", "0s");
    await until(async () => {
      const { user, bound } = await device.state();
      assert.deepEqual([user, bound], ["ann", true]);
      return keyId((await device.cookie(PROOF)) ?? "") !== before;
    }, "the new key seals proofs");
    await until(async () => {
      await device.state();
      return front.answers("/dbsc/refresh").length > 1;
    }, "a challenge of the new key is signed");
    assert.ok(!front.answers("/dbsc/refresh").includes(401));
  });

  visit("a server that cannot seal for a while ends nothing", () => servers, async (device, front) => {
    await device.logIn("ann");
    const text = fs.readFileSync(changing, "utf8");
    const keys = JSON.parse(text);
    keys.keys.forEach((key, at) => {
      key.activate_at = `${2100 + at}-01-01T00:00:00Z`;
      key.retire_at = null;
    });
    await device.proofIsOver();
    fs.writeFileSync(changing, JSON.stringify(keys));
    try {
      await until(async () => {
        await device.state();
        return front.answers("/dbsc/refresh").includes(503);
      }, "a refresh fails");
      assert.deepEqual(device.ended, []);
    } finally {
      fs.writeFileSync(changing, text);
    }
    await until(async () => (await device.state()).user === "ann", "the session goes on");
    assert.ok(!front.answers("/dbsc/refresh").includes(401));
  });
});

/** As above, in front of one server with these options. */
async function alone(options, with_, browser = {}) {
  const only = await server(...options);
  const front = await Front.open(only.port);
  const device = await Device.open(front, browser);
  try {
    await with_(device, front);
  } finally {
    await device.forget();
    front.close();
    await only.stop();
  }
}

const WITHOUT = { knows: false };

test("a challenge that is over by then is signed anew at once", async () => {
  await alone(["--challenge-ttl", "1"], async (device, front) => {
    await device.logIn("ann");
    await device.proofIsOver();
    const { user, bound } = await device.state();
    assert.deepEqual([user, bound], ["ann", true]);
    const answers = front.answers("/dbsc/refresh");
    assert.ok(answers.includes(403) && !answers.includes(401), answers.join());
  });
});

describe("with revocations", () => {
  test("a copy of the login's cookie ends when the session is bound", async () => {
    await alone(["--revocations"], async (device, front) => {
      let copy;
      front.meddleOnce("/dbsc/register", ({ cookie }) => (copy = cookie));
      await device.logIn("ann");
      assert.match(copy, new RegExp(`^${ORDINARY}=`));
      await until(async () => (await thief(front, copy)).user === null, "the copy is refused");
      assert.equal((await device.state()).user, "ann");
    });
  });

  test("a logout ends what a thief has copied, and whatever signs for it", async () => {
    await alone(["--revocations"], async (device, front) => {
      await device.logIn("ann");
      await device.get("/cycle"); // the uid is not the one that was registered
      const copy = await device.copy();
      assert.equal((await thief(front, copy)).user, "ann");
      // The browser forgets that it has logged out, and its device would go on signing.
      await thief(front, copy, "/logout");
      assert.equal((await thief(front, copy)).user, null);
      await device.proofIsOver();
      assert.equal((await device.state()).user, null);
      await until(() => device.ended.length > 0, "the browser forgets its session");
    });
  });
});

/** Logs in, and waits until a server has answered the registration, whatever becomes of that. */
async function logInAndRegister(device, front, user) {
  const before = front.answers("/dbsc/register").length;
  await device.get(`/login/${user}`);
  await until(() => front.answers("/dbsc/register").length > before, "the browser registers");
}

const DELAY_MS = 15_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

for (const options of [[], ["--revocations"]]) {
  describe(`a registration whose answer has trouble (${options.join() || "nothing is revoked"})`, { concurrency: 3 }, () => {
    const lost = {
      "is dropped": (response) => response.destroy(),
      "is turned into an error": (response) => response.writeHead(502).end("Bad gateway"),
    };
    for (const [what, spoil] of Object.entries(lost)) {
      test(`it ${what}: the session goes on`, () =>
        alone(options, async (device, front) => {
          front.spoilOnce("/dbsc/register", spoil);
          await logInAndRegister(device, front, "ann");
          for (const text of ["one", "two"]) {
            await device.get(`/put/${text}`);
            const state = await device.state();
            assert.deepEqual([state.user, state.text], ["ann", text]);
          }
          await device.logIn("ann");
          const { user, text, bound } = await device.state();
          assert.deepEqual([user, text, bound], ["ann", "two", true], "the next login binds it");
        }));
    }

    // The browser cannot be told from one that has it all.
    test("only its cookies arrive: the session is over with the proof, and the next login binds", () =>
      alone(options, async (device, front) => {
        front.spoilOnce("/dbsc/register", (response, _, answer) => {
          response.writeHead(200, { "content-type": "application/json", "set-cookie": answer.headers["set-cookie"] });
          response.end();
        });
        await logInAndRegister(device, front, "ann");
        await until(async () => (await device.state()).user === null, "the proof is over");
        await device.logIn("ann");
        const { user, bound } = await device.state();
        assert.deepEqual([user, bound], ["ann", true]);
      }));

    test("it comes late: the session goes on, and moves with what was changed meanwhile", () =>
      alone(options, async (device, front) => {
        front.spoilOnce("/dbsc/register", (_, give) => setTimeout(give, DELAY_MS));
        await logInAndRegister(device, front, "ann");
        await device.get("/put/meanwhile");
        const { user, bound } = await device.state();
        assert.deepEqual([user, bound], ["ann", false]);
        await wait(DELAY_MS / 2);
        assert.equal((await device.state()).user, "ann");
        await device.registered();
        await device.comesBack();
        const state = await device.state();
        assert.deepEqual([state.user, state.text], ["ann", "meanwhile"]);
        await device.proofIsOver();
        assert.equal((await device.state()).user, "ann");
      }));

    test("it comes after a logout: nothing comes back", () =>
      alone(options, async (device, front) => {
        let arrives;
        front.spoilOnce("/dbsc/register", (_, give) => (arrives = give));
        await logInAndRegister(device, front, "ann");
        await device.get("/logout");
        arrives();
        await device.registered();
        for (let at = 0; at < 3; at += 1) {
          const { user, bound } = await device.state();
          assert.deepEqual([user, bound], [null, false]);
        }
      }));

    // Two pages that were asked at once, say.
    test("that of a second one comes after the session has moved: it goes on", () =>
      alone(options, async (device, front) => {
        let offer, arrives;
        front.spoilOnce("/login/ann", (_, give, answer) => {
          offer = answer.headers["secure-session-registration"];
          give();
        });
        await logInAndRegister(device, front, "ann");
        await device.registered();
        front.spoilOnce("/dbsc/register", (_, give) => (arrives = give));
        front.spoilOnce("/untouched", (response) =>
          response.writeHead(200, { "secure-session-registration": offer }).end(),
        );
        await device.get("/untouched");
        await until(() => arrives, "the browser registers again");
        await device.get("/put/kept");
        await device.comesBack();
        const bound = await device.cookie(BOUND);
        arrives();
        await until(() => device.cookie(PENDING), "the answer arrives");
        await until(async () => (await device.state()).user === "ann", "the browser has refreshed");
        assert.equal(await device.cookie(BOUND), bound);
        for (let at = 0; at < 2; at += 1) {
          await device.proofIsOver();
          const { user, text } = await device.state();
          assert.deepEqual([user, text], ["ann", "kept"]);
        }
        assert.equal(await device.cookie(PENDING), undefined);
      }));

    test("many requests go on beside it", () =>
      alone(options, async (device) => {
        const states = await device.page.evaluate(async () => {
          await fetch("/login/ann");
          const all = Array.from({ length: 29 }, async (_, at) => {
            await new Promise((resolve) => setTimeout(resolve, at * 20));
            return (await fetch("/state")).json();
          });
          return Promise.all(all);
        });
        assert.deepEqual([...new Set(states.map(({ user }) => user))], ["ann"]);
        await device.comesBack();
        assert.equal((await device.state()).user, "ann");
      }));
  });
}

describe("a browser that knows nothing of devices", () => {
  test("has an ordinary session", async () => {
    await alone([], async (device) => {
      await device.get("/login/ann");
      const { user, bound, unproven } = await device.state();
      assert.deepEqual([user, bound, unproven], ["ann", false, false]);
    }, WITHOUT);
  });

  test("is logged out after a while where devices are demanded", async () => {
    await alone(["--unbound-for", "3"], async (device) => {
      await device.get("/login/ann");
      assert.equal((await device.state()).user, "ann");
      await until(async () => (await device.state()).user === null, "the session is over");
      assert.equal(await device.cookie(ORDINARY), undefined);
    }, WITHOUT);
  });
});
