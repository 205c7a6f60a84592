// A visitor of `examples/demo`, who finds everything by what is written on it.

import { visitor } from "./chromium.mjs";

export const COOKIE = "__Host-session";

export class Demo {
  static async visit(browser, url, options = {}) {
    const context = await visitor(browser, options);
    const page = await context.newPage();
    await page.goto(url);
    return new Demo(context, page);
  }

  /** As above, and a session has begun. */
  static async begin(browser, url, options = {}) {
    const demo = await Demo.visit(browser, url, options);
    await demo.press("Start a session");
    await demo.page.getByText("Your session has begun").waitFor();
    return demo;
  }

  constructor(context, page) {
    this.context = context;
    this.page = page;
  }

  press(name) {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  async add(product) {
    await this.page.getByLabel("Product").selectOption(product);
    await this.press("Add");
    await this.said(`${product} is in the cart.`);
  }

  async logIn(name) {
    await this.page.getByLabel("Your name").fill(name);
    await this.press("Log in");
    await this.said(`Welcome, ${name}.`);
  }

  /** Waits until the page says so, where screen readers hear it. */
  said(text) {
    return this.page.getByRole("status").getByText(text).waitFor();
  }

  messages() {
    return this.page.getByRole("status").locator("p").allInnerTexts();
  }

  cart() {
    return this.page.getByRole("list", { name: "In the cart" }).locator("li span").allInnerTexts();
  }

  uid() {
    return this.page.locator("#uid").textContent();
  }

  user() {
    return this.page.locator("#user").textContent();
  }

  async data() {
    return JSON.parse(await this.page.locator("#data").textContent());
  }

  /** The session's cookie in the browser; undefined if there is none. */
  async cookie() {
    const cookies = await this.context.cookies();
    return cookies.find(({ name }) => name === COOKIE);
  }

  /** The id of the key that sealed the browser's cookie, read from its bytes. */
  async keyId() {
    const { value } = await this.cookie();
    return Buffer.from(value, "base64url").subarray(1, 17).toString("hex");
  }
}
