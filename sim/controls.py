#!/usr/bin/env python3
"""Faults of kinds that were mended before, brought back one after the other: does the simulation find them?

scripts/sim --controls [--seconds N] [--through] [--check] [NAME]...

Copies the library to sim/target/controls, puts all faults of faults.py in, each behind a name that the environment
variable SIM_FAULT has to say, builds that once, and plays worlds with one fault at a time, on all cores and for so many
seconds at most (60). The library itself has no such switch. Prints a line for each fault, and fails where one is not found.

--through turns off the promise that a fault breaks, looks for the next one that it breaks, and so on, until it is let
through: it passes three times as many worlds as it took to find it the last time, and 500 at least.

--check only sees whether all faults still fit the sources: one that does not would be found by nobody.
"""

import argparse, os, pathlib, re, shutil, subprocess, sys, time

from faults import FAULTS, LACKS

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "sim/target/controls"
FOUND = re.compile(r"seed \d+ breaks a promise, after (\d+) worlds and [\d.]+ s: (.*)")
SWITCH = """//! Which fault is brought back.

use std::sync::LazyLock;

static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("SIM_FAULT").unwrap_or_default());

pub(crate) fn is(name: &str) -> bool {
    *NAME == name
}
"""


def prepare():
    """A copy of the library with all faults in it, and of the simulator beside it."""
    texts = {}
    for part in ("src", "sim/src"):
        for file in sorted((ROOT / part).rglob("*.rs")):
            texts[file.relative_to(ROOT)] = file.read_text()
    for part in ("README.md", "sim/Cargo.toml", "sim/Cargo.lock"):
        texts[pathlib.Path(part)] = (ROOT / part).read_text()
    # What a manifest names has to be there; none of it is built.
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest = re.sub(r"(?ms)^\[\[(bin|example|test|bench)\]\].*?(?=^\[|\Z)", "", manifest)
    texts[pathlib.Path("Cargo.toml")] = re.sub(r"(?ms)^\[dev-dependencies\].*?(?=^\[|\Z)", "", manifest)
    library = pathlib.Path("src/lib.rs")
    texts[library] = texts[library].replace("\nmod token;", "\nmod sim_fault;\nmod token;", 1)
    texts[pathlib.Path("src/sim_fault.rs")] = SWITCH
    texts[library] = texts[library].replace("\n#![", "\n#![allow(warnings)]\n#![", 1)
    outdated = []
    for name, path, old, new in FAULTS:
        file = pathlib.Path("src") / path
        text = texts.get(file, "")
        if text.count(old) != 1:
            outdated.append(f"{name}: {old!r} stands {text.count(old)} times in {file}")
        switch = f'crate::sim_fault::is("{name}")'
        texts[file] = text.replace(old, re.sub(r"\bF\b", switch, new))
    if outdated:
        sys.exit("\n".join(outdated) + "\nsim/faults.py is not up to date")
    write(texts)


def write(texts):
    """Only what has changed: the rest need not be built again."""
    for part in ("src", "sim/src"):
        for file in (COPY / part).rglob("*.rs"):
            if file.relative_to(COPY) not in texts:
                file.unlink()
    for path, text in texts.items():
        file = COPY / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)


def build():
    # Where the simulator itself is built: of the same crates.
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "sim/target"))
    env = {**os.environ, "CARGO_TARGET_DIR": target}
    command = ["cargo", "build", "--quiet", "--locked", "--release", "--manifest-path", COPY / "sim/Cargo.toml"]
    subprocess.run(command, check=True, env=env)
    simulator = pathlib.Path(target) / "release/sealed-session-sim"
    return shutil.copy(simulator, simulator.with_name("sealed-session-sim-controls"))


def play(simulator, fault, *options):
    """After how many worlds a fault is found, and the promise that it breaks; or nothing."""
    env = {**os.environ, "SIM_FAULT": fault}
    ran = subprocess.run([simulator, "--brief", *options], env=env, capture_output=True, text=True)
    found = FOUND.match(ran.stdout)
    if not found and ran.returncode not in (0, 1):
        sys.exit(f"{fault}: {ran.stdout}{ran.stderr}")
    return (int(found[1]), found[2]) if found else None


def find(simulator, fault, seconds):
    start = time.monotonic()
    found = play(simulator, fault, "--seconds", seconds)
    took = time.monotonic() - start
    if found:
        print(f"| `{fault}` | {found[0]} | {took:.1f} | {found[1]} |", flush=True)
    else:
        print(f"| `{fault}` | not in {seconds} s | | |", flush=True)
    return found


def let_through(simulator, fault, seconds):
    """Turns off what finds a fault, until nothing does."""
    off, worlds = [], 500
    while found := play(simulator, fault, *(["--seconds", seconds] if not off else ["--worlds", str(worlds)]),
                        *(option for rule in off for option in ("--without", rule))):
        if found[1] in off:
            sys.exit(f"{fault}: \"{found[1]}\" is turned off, and still finds it")
        off.append(found[1])
        worlds = max(worlds, 3 * found[0])
    print(f"| `{fault}` | {'; '.join(off) or 'not found'} | {worlds if off else ''} |", flush=True)
    return off


def main():
    parser = argparse.ArgumentParser(prog="scripts/sim --controls", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each fault (60)")
    parser.add_argument("--through", action="store_true", help="which promises have to be turned off to let it through?")
    parser.add_argument("--check", action="store_true", help="do all faults fit the sources? Plays nothing")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these faults only")
    asked = parser.parse_args()
    known = list(dict.fromkeys(name for name, *_ in FAULTS))
    if unknown := [name for name in asked.names if name not in known]:
        parser.error(f"there is no fault {', '.join(unknown)}; there are: {', '.join(known)}")
    prepare()
    if asked.check:
        return print(f"controls: {len(known)} faults fit the sources")
    simulator = build()
    print("| Fault | Turned off | Worlds passed then |\n|---|---|---|" if asked.through
          else "| Fault | Found after worlds | Seconds | Promise |\n|---|---|---|---|", flush=True)
    one = let_through if asked.through else find
    faults = asked.names or [name for name in known if name not in LACKS]
    missed = [fault for fault in faults if not one(simulator, fault, str(asked.seconds))]
    if missed:
        sys.exit("\n".join(f"not found: {name}" + (f" (worlds lack {LACKS[name]})" if name in LACKS else "")
                           for name in missed))
    print(f"controls: {len(faults)} faults, " + ("each let through" if asked.through else "each found"))


if __name__ == "__main__":
    main()
