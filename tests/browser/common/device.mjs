// A browser that binds sessions to its device, with a profile of its own that outlives it.

import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { profile } from "./chromium.mjs";

const DEADLINE_MS = 30_000;
const FEATURES = [
  // Without its limit on signatures: the proofs of these tests last for seconds.
  "DeviceBoundSessions:RefreshQuota/false",
  "EnableBoundSessionCredentialsSoftwareKeysForManualTesting",
];

export const BOUND = "__Host-session-bound";
export const PENDING = "__Host-session-new";
export const PROOF = "__Host-session-proof";
export const ORDINARY = "__Host-session";

export class Device {
  static async open(front, { knows = true, options = {} } = {}) {
    const device = new Device();
    device.front = front;
    device.knows = knows;
    device.options = options;
    device.folder = fs.mkdtempSync(path.join(os.tmpdir(), "device-"));
    await device.start();
    return device;
  }

  async start() {
    const flags = [`--ignore-certificate-errors-spki-list=${this.front.spki}`];
    if (this.knows) flags.push(`--enable-features=${FEATURES.join(",")}`);
    this.context = await profile(this.folder, flags, this.options);
    this.page = await this.context.newPage();
    const debug = await this.context.newCDPSession(this.page);
    this.ended = [];
    debug.on("Network.deviceBoundSessionEventOccurred", ({ terminationEventDetails: ended }) => {
      if (ended) this.ended.push(ended.deletionReason);
    });
    await debug.send("Network.enable");
    if (this.knows) await debug.send("Network.enableDeviceBoundSessions", { enable: true });
    await this.page.goto(this.front.url);
  }

  stop = () => this.context.close();

  async forget() {
    await this.stop();
    fs.rmSync(this.folder, { recursive: true });
  }

  /** Logs in, waits until the browser has registered its key, and comes back: the session has moved to the device. */
  async logIn(user) {
    const before = this.front.answers("/dbsc/register").length;
    await this.get(`/login/${user}`);
    await until(() => this.front.answers("/dbsc/register").length > before, "the browser registers");
    await this.registered();
    await this.comesBack();
  }

  /** The answer to the registration has arrived, and perhaps the session has moved since. */
  registered = () =>
    until(async () => (await this.cookie(PENDING)) ?? (await this.cookie(BOUND)), "the answer arrives");

  comesBack = () =>
    until(async () => {
      const { bound } = await this.state();
      return bound && !(await this.cookie(ORDINARY));
    }, "the session has moved");

  /** As a page asks. */
  get = (what) =>
    this.page.evaluate(async (what) => {
      const response = await fetch(what);
      return { status: response.status, text: await response.text() };
    }, what);

  async state() {
    return JSON.parse((await this.get("/state")).text);
  }

  async cookie(name) {
    const cookies = await this.context.cookies(this.front.url);
    return cookies.find((cookie) => cookie.name === name)?.value;
  }

  /** The header `Cookie` that a thief copies. */
  async copy(...names) {
    const cookies = await this.context.cookies(this.front.url);
    const wanted = cookies.filter(({ name }) => names.length === 0 || names.includes(name));
    return wanted.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  proofIsOver = () => until(async () => !(await this.cookie(PROOF)), "the proof is over");
}

/** Waits for a condition, with a deadline. */
export async function until(holds, what) {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
