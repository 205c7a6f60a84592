"""Writes what scripts/bench has measured into BENCHMARKS.md, between its marks, and draws docs/plots/.

    benchmarks.py FOLDER     the folder with ratios-*.json, peers.json, web.json and web-load.json
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

matplotlib.rcParams["svg.fonttype"] = "none"

SIZES = [64, 256, 1024, 2900]
WEB_SIZES = [64, 512, 2048]
PLOTS = Path("docs/plots")
START, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
OURS = "sealed-session"
JAR = "cookie PrivateJar"
NO_SESSION = "no session"
MOST, LEAST = "at most", "at least"


def main(folder: Path) -> None:
    ratios = {r["provider"]: r for r in map(load, sorted(folder.glob("ratios-*.json")))}
    peers = load(folder / "peers.json")
    web, under_load = load(folder / "web.json"), load(folder / "web-load.json")
    sections = [machine(peers, ratios, web), bars(ratios, peers, web), ours(ratios), beside_peers(peers), lengths(peers)]
    figures = "\n".join([*sections, whole_requests(web), servers(under_load)])
    page = Path("BENCHMARKS.md")
    before, rest = page.read_text().split(START)
    page.write_text(before + START + figures + END + rest.split(END)[1])
    PLOTS.mkdir(parents=True, exist_ok=True)
    draw_sizes(peers)
    draw_threads(ratios)


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def machine(peers: dict, ratios: dict, web: dict) -> str:
    about = peers["machine"]
    rounds = {r["rounds"] for r in ratios.values()}
    crates = ", ".join(sorted({f"{c['name']} {c['version']}" for c in peers["crates"] + web["crates"]}))
    return (
        f"\n### Machine\n\n{about['cpu'] or 'unknown processor'}, {about['cores']} cores; {about['rustc']}. "
        f"{min(rounds)} rounds beside the primitives, {peers['rounds']} rounds beside the peers, "
        f"{web['rounds']} rounds of whole requests.\n\n"
        f"Compared: {crates}.\n"
    )


def bars(ratios: dict, peers: dict, web: dict) -> str:
    rows = []
    for provider in ("AWS-LC", "RustCrypto"):
        found = ratios[provider]["ratios"]
        for size in SIZES[1:]:
            rows.append((f"open against the primitives, {provider}, {size} B", found[f"open {size} / floor"], MOST, 1.25))
            rows.append((f"seal against the primitives, {provider}, {size} B", found[f"reseal {size} / floor"], MOST, 1.25))
    aws = process(peers, "AwsLc")
    for size, bound in ((256, 1.10), (1024, 1.45), (2900, 1.75)):
        rows.append((f"{JAR} get against open, {size} B", figure(aws, JAR, "open", size)["ratio"], LEAST, bound))
    for size, bound in ((1024, 1.10), (2900, 1.40)):
        rows.append((f"{JAR} add against create, {size} B", figure(aws, JAR, "seal", size)["ratio"], LEAST, bound))
    for size, bound in ((256, 1.15), (1024, 1.40), (2900, 1.60)):
        rows.append((f"the same without generators, {size} B", without_generator(aws, JAR, size), LEAST, bound))
    for size, bound in ((256, 1.15), (1024, 1.40), (2900, 1.60)):
        peer = f"{JAR}, data checked"
        rows.append((f"the same, the jar checks its data too, {size} B", without_generator(aws, peer, size), LEAST, bound))
    for peer in ("pasetors v4.local", "fernet", "josekit dir A256GCM", "branca", "biscotti", "seshcookie"):
        slowest = min((figure(aws, peer, "open", size)["ratio"] for size in SIZES), key=lambda q: q["median"])
        rows.append((f"{peer} against open, the size that suits it best", slowest, LEAST, 1.0))
    for op, bound in (("read", 0.60), ("update", 0.65)):
        for size in WEB_SIZES:
            best = fastest_layer(process(web, "AwsLc"), op, size)
            what = f"added to a request that {op}s, against {best['layer']}, {size} B"
            rows.append((what, best["ours_over_it"], MOST, bound))
    found = ratios["AWS-LC"]["ratios"]
    rows.append(("open with 400 keys against 1", found["open, 400 keys / open, 1 key"], MOST, 1.05))
    rows.append(("refusal of an unknown key against open, 1024 B", found["refuse an unknown key / open, 1 key"], MOST, 0.35))
    rows.append(("open while the ring is replaced against open", found["open while the ring is replaced / open"], MOST, 1.02))
    rows.append(("open with 100,000 revocations against none", found["open with 100,000 revocations / with none"], MOST, 1.05))
    rows.append(("two threads against one, open", found["opens a second: 2 threads / 1"], LEAST, 1.9))
    rows.append(("two threads against one, the primitives alone", found["primitives a second: 2 threads / 1"], LEAST, 1.9))
    lines = ["\n### What was to be reached\n", "| What | Ratio (quartiles) | Bar | |", "|---|---|---|---|"]
    for what, q, kind, bound in rows:
        met = q["median"] <= bound if kind == MOST else q["median"] >= bound
        lines.append(f"| {what} | {quartiles(q)} | {kind} {bound:.2f} | {'met' if met else '**not met**'} |")
    return "\n".join(lines) + "\n"


def ours(ratios: dict) -> str:
    lines = ["\n### This crate, nanoseconds\n"]
    for provider, measured in sorted(ratios.items()):
        lines += [f"\n{provider}:\n", "| | " + " | ".join(f"{size} B" for size in SIZES) + " |", "|---|" + "---|" * len(SIZES)]
        for name in ("open", "floor open", "create", "floor seal", "check of the data", "reseal", "touch", "update"):
            cells = (measured["ns"][f"{name} {size}"] for size in SIZES)
            lines.append(f"| {name} | " + " | ".join(nanoseconds(q) for q in cells) + " |")
    return "\n".join(lines) + "\n"


def beside_peers(peers: dict) -> str:
    lines = ["\n### Beside others: their time over ours\n", "Above 1, ours is faster. Median and quartiles of rounds."]
    for measured in peers["processes"]:
        for op in ("open", "seal"):
            lines += [f"\n{op}, ours with {measured['provider']}:\n"]
            lines += ["| | " + " | ".join(f"{size} B" for size in SIZES) + " |", "|---|" + "---|" * len(SIZES)]
            for peer in names(measured):
                cells = (figure(measured, peer, op, size) for size in SIZES)
                lines.append(f"| {peer} | " + " | ".join(f"{quartiles(f['ratio'])}" for f in cells) + " |")
    return "\n".join(lines) + "\n"


def lengths(peers: dict) -> str:
    measured = peers["processes"][0]
    lines = ["\n### Characters of a token\n", "| | " + " | ".join(f"{size} B" for size in SIZES) + " |", "|---|" + "---|" * len(SIZES)]
    for peer in names(measured):
        chars = (str(figure(measured, peer, "seal", size)["token_chars"]) for size in SIZES)
        lines.append(f"| {peer} | " + " | ".join(chars) + " |")
    return "\n".join(lines) + "\n"


def whole_requests(web: dict) -> str:
    lines = ["\n### Whole requests: nanoseconds that a session layer adds\n"]
    lines += ["Through axum, in process, above the same handler without sessions. In brackets the quartiles; then what"]
    lines += ["ours adds over what the peer adds: below 1, ours is faster."]
    for measured in web["processes"]:
        for op in ("unread", "read", "update"):
            lines += [f"\n{op}, ours with {measured['provider']}:\n"]
            lines += ["| | " + " | ".join(f"{size} B" for size in WEB_SIZES) + " |", "|---|" + "---|" * len(WEB_SIZES)]
            for layer in dict.fromkeys(r["layer"] for r in measured["results"]):
                cells = (request(measured, layer, op, size) for size in WEB_SIZES)
                lines.append(f"| {layer} | " + " | ".join(map(added, cells)) + " |")
    return "\n".join(lines) + "\n"


def added(r: dict) -> str:
    if r["layer"] == NO_SESSION:
        return f"({r['ns']['median']:.0f} in all)"
    ratio = r["ours_over_it"]
    if ratio is None or r["layer"] == OURS:
        return nanoseconds(r["added_ns"])
    return f"{nanoseconds(r['added_ns'])}; {quartiles(ratio)}"


def servers(under_load: dict) -> str:
    seconds = under_load["seconds"] * under_load["rounds"]
    lines = [
        "\n### Servers under load\n",
        f"`wrk`, {under_load['connections']} connections, {seconds} seconds each in {under_load['rounds']} turns, over",
        "loopback; the server has one processor. Each request reads one value of a session with 512 bytes of data. No",
        "request failed. The ratio is to the server without sessions; in brackets its turns.\n",
        "| | requests a second | ratio | p50, ms | p99, ms |",
        "|---|---|---|---|---|",
    ]
    for r in under_load["results"]:
        name = r["layer"] + (f", {r['provider']}" if r["provider"] else "")
        ratio = r["of_no_session"]
        spread = f"{ratio['median']:.2f} ({ratio['least']:.2f} to {ratio['most']:.2f})"
        times = f"{r['p50_us'] / 1000:.2f} | {r['p99_us'] / 1000:.2f}"
        lines.append(f"| {name} | {r['requests_per_s']:.0f} | {spread} | {times} |")
    return "\n".join(lines) + "\n\n"


def request(measured: dict, layer: str, op: str, size: int) -> dict:
    return next(r for r in measured["results"] if (r["layer"], r["op"], r["size"]) == (layer, op, size))


def fastest_layer(measured: dict, op: str, size: int) -> dict:
    """Of the peers, the one that adds least."""
    peers = {r["layer"] for r in measured["results"]} - {OURS, NO_SESSION}
    return min((request(measured, peer, op, size) for peer in peers), key=lambda r: r["added_ns"]["median"])


def process(peers: dict, provider: str) -> dict:
    return next(p for p in peers["processes"] if p["provider"] == provider)


def figure(measured: dict, peer: str, op: str, size: int) -> dict:
    return next(r for r in measured["results"] if (r["peer"], r["op"], r["size"]) == (peer, op, size))


def without_generator(measured: dict, peer: str, size: int) -> dict:
    return next(r["ratio"] for r in measured["seal_without_generator"] if (r["peer"], r["size"]) == (peer, size))


def names(measured: dict) -> list[str]:
    return list(dict.fromkeys(r["peer"] for r in measured["results"]))


def quartiles(q: dict) -> str:
    return f"{q['median']:.2f} ({q['q1']:.2f} to {q['q3']:.2f})"


def nanoseconds(q: dict) -> str:
    return f"{q['median']:.0f} ({q['q1']:.0f} to {q['q3']:.0f})"


def draw_sizes(peers: dict) -> None:
    """Time to open against the size of the data, ours beside the peers that encrypt."""
    figure_, axes = plt.subplots(figsize=(8, 5))
    aws, rust = process(peers, "AwsLc"), process(peers, "RustCrypto")
    lines = [(f"{OURS}, AWS-LC", aws, OURS, 2.5), (f"{OURS}, RustCrypto", rust, OURS, 2.5)]
    encrypting = [peer for peer in names(aws) if figure(aws, peer, "open", 64)["encrypts"] and peer != OURS]
    lines += [(peer, aws, peer, 1) for peer in encrypting if not peer.endswith("checked")]
    for label, measured, peer, width in lines:
        times = [figure(measured, peer, "open", size)["ns"]["median"] / 1000 for size in SIZES]
        axes.plot(SIZES, times, marker="o", markersize=3, linewidth=width, label=label)
    axes.set(xscale="log", yscale="log", xlabel="bytes of session data", ylabel="microseconds to open")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    save(figure_, "open-by-size.svg")


def draw_threads(ratios: dict) -> None:
    """Opens a second against threads, each provider."""
    figure_, axes = plt.subplots(figsize=(8, 4))
    for provider, measured in sorted(ratios.items()):
        threads = [point["threads"] for point in measured["opens_per_second"]]
        rates = [point["opens"]["median"] / 1e6 for point in measured["opens_per_second"]]
        axes.plot(threads, rates, marker="o", label=provider)
    axes.set(xlabel="threads", ylabel="million opens a second, 1 KiB", ylim=(0, None))
    axes.set_xticks(threads)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    save(figure_, "opens-by-threads.svg")


def save(figure_, name: str) -> None:
    figure_.tight_layout()
    # Neither a date nor random ids: the same figures give the same file.
    matplotlib.rcParams["svg.hashsalt"] = name
    figure_.savefig(PLOTS / name, metadata={"Date": None, "Creator": None})
    plt.close(figure_)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
