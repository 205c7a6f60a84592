"""Puts the servers of benches/peers under load, one after the other, in rounds.

    load.py --seconds SECONDS --out FILE PROVIDER=BINARY...

Every layer is served by the last binary; ours by each, since its AEAD is chosen when it is built. The server has
one processor, wrk the others. A single error, of a socket or by a status, ends the run with a failure.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path

CONNECTIONS = 64
ROUNDS = 2
OURS, NONE = "sealed-session", "no session"
THEME = b"dark"
REPORT = Path(__file__).with_name("load.lua")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=10, help="of load for each server")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("binaries", nargs="+", metavar="PROVIDER=BINARY")
    options = parser.parse_args()
    binaries = dict(binary.split("=", 1) for binary in options.binaries)
    seconds = max(1, options.seconds // ROUNDS)
    servers = start(binaries)
    try:
        for number in range(ROUNDS):
            for server in turn(servers, number):
                server.load(seconds)
    finally:
        for server in servers:
            server.stop()
    results = [figures(server, servers[0]) for server in servers]
    report = {"format": 1, "connections": CONNECTIONS, "seconds": seconds, "rounds": ROUNDS, "results": results}
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    show(report)


def start(binaries: dict) -> list:
    *others, (provider, binary) = binaries.items()
    layers = subprocess.run([binary, "layers"], check=True, capture_output=True, text=True).stdout.splitlines()
    assert layers[0] == NONE, "the ratios are to the first"
    servers = [Server(binary, layer, provider if layer == OURS else None) for layer in layers]
    return servers + [Server(binary, OURS, provider) for provider, binary in others]


def turn(servers: list, number: int) -> list:
    """In one order, then in the other, so that a machine that gets hot is no help to any."""
    return servers if number % 2 == 0 else servers[::-1]


class Server:
    def __init__(self, binary: str, layer: str, provider: str | None):
        self.layer, self.provider, self.runs = layer, provider, []
        first, *others = sorted(os.sched_getaffinity(0))
        self.clients = set(others or [first])
        self.process = subprocess.Popen(
            [binary, "serve", layer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {first}),
        )
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}/read"
        self.cookie = self.process.stdout.readline().strip()

    def load(self, seconds: int) -> None:
        self.check()
        command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
        command += ["--header", f"Cookie: {self.cookie}", "--script", str(REPORT), self.url]
        ran = subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, self.clients),
        )
        run = json.loads(ran.stdout.splitlines()[-1])
        errors = {kind: run[kind] for kind in ("connect", "read", "write", "status", "timeout") if run[kind]}
        if errors or not run["requests"]:
            sys.exit(f"{self.layer}: {run['requests']} requests, errors: {errors}")
        self.check()
        self.runs.append(run)

    def check(self) -> None:
        """The session opens, and what is in it is what was put there."""
        request = urllib.request.Request(self.url, headers={"Cookie": self.cookie})
        with urllib.request.urlopen(request) as answer:
            if (answer.status, answer.read()) != (200, THEME):
                sys.exit(f"{self.layer}: the answer to {self.url} is not {THEME!r}")

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def rates(self) -> list:
        return [run["requests"] / run["us"] * 1e6 for run in self.runs]


def figures(server: Server, none: Server) -> dict:
    ratios = [rate / without for rate, without in zip(server.rates(), none.rates(), strict=True)]
    return {
        "layer": server.layer,
        "provider": server.provider,
        "requests_per_s": statistics.median(server.rates()),
        "of_no_session": {"least": min(ratios), "median": statistics.median(ratios), "most": max(ratios)},
        "p50_us": statistics.median(run["p50_us"] for run in server.runs),
        "p99_us": statistics.median(run["p99_us"] for run in server.runs),
        "errors": 0,
    }


def show(report: dict) -> None:
    print(f"\n== {CONNECTIONS} connections, {report['rounds']} rounds of {report['seconds']} s; no errors\n")
    print(f"{'':<44}{'requests/s':>12}{'of no session':>28}{'p50':>10}{'p99':>10}")
    for r in report["results"]:
        name = r["layer"] + (f", {r['provider']}" if r["provider"] else "")
        ratio = r["of_no_session"]
        spread = f"{ratio['median']:.2f} ({ratio['least']:.2f}-{ratio['most']:.2f})"
        print(f"{name:<44}{r['requests_per_s']:>12.0f}{spread:>28}{r['p50_us']:>7.0f} µs{r['p99_us']:>7.0f} µs")


if __name__ == "__main__":
    main()
