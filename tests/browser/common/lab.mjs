// A visitor of `examples/cookie_lab.rs`: asks as a page would, so that the browser handles the cookies.

export class Lab {
  static async visit(context, url) {
    const page = await context.newPage();
    await page.goto(`${url}/sent`);
    return new Lab(context, page);
  }

  constructor(context, page) {
    this.context = context;
    this.page = page;
  }

  get(path) {
    return this.#ask(path, "GET");
  }

  post(path) {
    return this.#ask(path, "POST");
  }

  /** Sets cookies by these headers, whatever stands in them. */
  async set(...headers) {
    const query = new URLSearchParams(headers.map((header) => ["header", header]));
    const { status } = await this.get(`/set?${query}`);
    if (status !== 200) throw new Error(`the lab answers ${status}`);
  }

  /** The value of a cookie that the browser has; undefined if it has none. */
  async cookie(name) {
    const cookies = await this.context.cookies();
    return cookies.find((cookie) => cookie.name === name)?.value;
  }

  #ask(path, method) {
    return this.page.evaluate(
      async ([path, method]) => {
        const response = await fetch(path, { method });
        return { status: response.status, text: await response.text() };
      },
      [path, method],
    );
  }
}
