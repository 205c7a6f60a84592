// What stands in front of servers: https at one address, and each request goes to the next of them. It remembers
// what browsers and servers say of devices.

import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import os from "node:os";
import path from "node:path";

/** A certificate for this machine that no authority knows; the browser is told to trust its key. */
function certificate() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "front-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => path.join(folder, name));
  const of = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.test"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const options = ["req", "-x509", ...kind, "-days", "2", ...of, "-keyout", key, "-out", cert];
  execFileSync("openssl", options, { stdio: "ignore" });
  const made = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
  fs.rmSync(folder, { recursive: true });
  return made;
}

export class Front {
  #server;
  #next = 0;
  /** The ports of the servers behind it. */
  ports = [];
  /** Requests to the endpoints of devices and their answers, the newest last. */
  seen = [];
  /** Changes the headers of the next request to this path, once. */
  #meddle = new Map();
  /** What becomes of the answer to the next request to this path, once, instead of giving it. */
  #spoil = new Map();

  static async open(...ports) {
    const front = new Front();
    const { key, cert } = certificate();
    const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
    front.spki = createHash("sha256").update(spki).digest("base64");
    front.ports = ports;
    front.#server = https.createServer({ key, cert }, (request, response) => front.#pass(request, response));
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    front.port = front.#server.address().port;
    front.url = `https://localhost:${front.port}`;
    return front;
  }

  on = (host) => `https://${host}:${this.port}`;

  meddleOnce = (path, change) => this.#meddle.set(path, change);

  /** `spoil` gets the response, and a function that gives the answer after all. */
  spoilOnce = (path, spoil) => this.#spoil.set(path, spoil);

  /** The statuses that a path was answered with. */
  answers = (path) => this.seen.filter((one) => one.path === path).map(({ status }) => status);

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(request, response) {
    const port = this.ports[this.#next++ % this.ports.length];
    const headers = { ...request.headers, "x-forwarded-proto": "https" };
    this.#meddle.get(request.url)?.(headers);
    this.#meddle.delete(request.url);
    const options = { port, host: "127.0.0.1", method: request.method, path: request.url, headers };
    const onward = http.request(options, (answer) => {
      if (request.url.startsWith("/dbsc/")) {
        const { statusCode: status, headers: told } = answer;
        this.seen.push({ path: request.url, status, port, asked: headers, told });
      }
      const give = () => {
        response.writeHead(answer.statusCode, answer.rawHeaders);
        answer.pipe(response);
      };
      const spoil = this.#spoil.get(request.url);
      this.#spoil.delete(request.url);
      if (spoil) spoil(response, give, answer);
      else give();
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}
