// A server of `examples`, by where Cargo builds it, on a free port, for as long as a test runs.

import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import readline from "node:readline";

const DEADLINE_MS = 30_000;

/** Starts an example and waits until it tells where it listens. */
export async function start(name, ...options) {
  const program = path.join(process.env.BROWSER_BUILT, name);
  const child = spawn(program, ["--port", "0", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  child.stderr.on("data", (data) => said.push(data));
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${name} ended with ${code}: ${Buffer.concat(said)}`);
  });
  failed.catch(() => {}); // it ends by our signal later on
  const lines = readline.createInterface({ input: child.stdout });
  const line = once(lines, "line", { signal: AbortSignal.timeout(DEADLINE_MS) });
  const [text] = await Promise.race([line, failed]);
  const port = Number(new URL(text.match(/^listening on (http:\/\/\S+)$/)[1]).port);
  return {
    port,
    url: `http://localhost:${port}`,
    on: (host) => `http://${host}:${port}`,
    stop: async () => {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}
