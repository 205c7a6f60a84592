#!/usr/bin/env python3
"""Faults of kinds that were mended before, brought back one after the other: does the simulation find them?

`sim/controls.py [WORLDS]` (default 3000) copies the library to sim/target/controls, puts all faults in, each behind a
name that the environment variable SIM_FAULT has to say, builds that once, and plays worlds with one fault at a time.
The library itself has no such switch. Prints a line for each fault, and fails where one is not found.
"""

import os, pathlib, re, shutil, subprocess, sys, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
COPY = ROOT / "sim/target/controls"
SWITCH = """//! Which fault is brought back.

use std::sync::LazyLock;

static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("SIM_FAULT").unwrap_or_default());

pub(crate) fn is(name: &str) -> bool {
    *NAME == name
}
"""

# Name, file, what stands there, what stands there instead. F is the question whether this fault is the one.
FAULTS = [
    ("others_restart_lifetime", "http/state.rs",
     "self.times = Some(store.renew(times, now_ms, ttl_ms).unwrap_or(times));",
     "self.times = Some(if F { store.begin(now_ms, ttl_ms).unwrap_or(times) } else { store.renew(times, now_ms, ttl_ms).unwrap_or(times) });"),
    ("others_ignored_when_expired", "http/state/upkeep.rs",
     "session.is_some_and(|(times, uid)| store.is_revoked(times, uid, self.user_id()))",
     "session.is_some_and(|(times, uid)| store.is_revoked(times, uid, self.user_id()) || (F && store.expires_at(times) <= store.now_ms()))"),
    ("cycle_after_login_is_not_spared", "http/state.rs",
     "|| self.did.now == Now::LoggedIn {", "|| (self.did.now == Now::LoggedIn && !F) {"),
    ("cycled_session_cannot_end_others", "http/state/upkeep.rs",
     "(Now::Cycled, Some(origin)) => Some(origin.uid),", "(Now::Cycled, Some(origin)) if !F => Some(origin.uid),"),
    ("failed_logout_not_recorded", "http/decide.rs",
     "_ if did.out => Plan { send: removal(came), revoke: true, asked_for: true },",
     "_ if did.out => Plan { send: removal(came), revoke: counts || !F, asked_for: true },"),
    ("failed_logout_not_sent", "http/decide.rs",
     "_ if did.out => Plan { send: removal(came),",
     "_ if did.out => Plan { send: if F && !counts { Send::Nothing } else { removal(came) },"),
    ("dropped_logout_not_recorded", "http/reply.rs",
     "&& opened.state.is_logged_out()\n", "&& opened.state.is_logged_out() && !F\n"),
    ("login_goes_with_408", "http/reply.rs",
     "!status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT",
     "!status.is_server_error() && (F || status != StatusCode::REQUEST_TIMEOUT)"),
    ("login_goes_with_5xx", "http/reply.rs",
     "!status.is_server_error() && (", "(F || !status.is_server_error()) && ("),
    ("login_leaves_the_old_session", "http/decide.rs",
     "_ if begins && counts => session(true),", "_ if begins && counts => session(!F),"),
    ("cycle_leaves_the_old_uid", "http/decide.rs",
     "(Came::Good, Now::Cycled) => session(true),", "(Came::Good, Now::Cycled) => session(!F),"),
    ("just_revoked_is_overwritten", "http/state.rs",
     "Standing::JustRevoked => Came::Left(LeftInPlace::JustRevoked),",
     "Standing::JustRevoked => if F { Came::Refused } else { Came::Left(LeftInPlace::JustRevoked) },"),
    ("held_back_is_overwritten", "http/state.rs",
     "Found::Nothing if held_back =>", "Found::Nothing if held_back && !F =>"),
    ("not_asked_again", "http/reply.rs",
     "self.facts.ended = opened.state.has_ended(store, now_ms);",
     "self.facts.ended = !F && opened.state.has_ended(store, now_ms);"),
    ("login_revoked_meanwhile_is_sent", "http/reply.rs",
     "let is_over = opened.state.has_login_ended(store, now_ms)",
     "let is_over = (!F && opened.state.has_login_ended(store, now_ms))"),
    ("late_removal", "http/reply.rs", "let late = now_ms", "let late = !F && now_ms"),
    ("renewal_in_shared_cache", "http/decide.rs",
     "facts.caches != Caches::Reuse && facts.timing != Timing::Late",
     "(F || facts.caches != Caches::Reuse) && facts.timing != Timing::Late"),
    ("cookie_without_no_store", "http/decide.rs",
     "Caches::Silent => Say::NoStore,", "Caches::Silent => if cfg!(all()) && F { Say::Nothing } else { Say::NoStore },"),
    ("data_of_another_user", "policy.rs",
     "Some(was) if was != becomes => LoginData::Empty,", "Some(was) if was != becomes && !F => LoginData::Empty,"),
    ("anonymous_logouts_recorded", "http/settle/record.rs",
     "ended.user_id.is_some() || state.user_id().is_some()",
     "F || ended.user_id.is_some() || state.user_id().is_some()"),
    ("limits_of_new_sessions_only", "policy.rs",
     "if now < self.expires_at(times) {", "if now < (if F { times.expires } else { self.expires_at(times) }) {"),
    ("login_after_revocation_refused", "revocation/recorder.rs",
     "if reaches.is_empty() {", "if F || reaches.is_empty() {"),
    ("renewals_not_sent", "http/decide.rs",
     "(Came::Good, _) if facts.due && may_be_renewed(facts) =>",
     "(Came::Good, _) if facts.due && !F && may_be_renewed(facts) =>"),
    ("names_are_trimmed", "http/presented.rs",
     "if name == self.policy.name().as_bytes() {",
     "if name == self.policy.name().as_bytes() || (F && String::from_utf8_lossy(name).trim().as_bytes() == self.policy.name().as_bytes()) {"),
    ("rotation_forgets_the_old_root", "ring/edit.rs",
     "self.retire_after_successor(before, now_ms);",
     "if F { if let Some(root) = self.roots.get_mut(before) { root.retire_at_ms = Some(start); } } else { self.retire_after_successor(before, now_ms); }"),
]


def prepare():
    """A copy of the library with all faults in it, and of the simulator beside it."""
    for part in ("src", "sim/src"):
        shutil.rmtree(COPY / part, ignore_errors=True)
        shutil.copytree(ROOT / part, COPY / part)
    for part in ("Cargo.toml", "README.md", "sim/Cargo.toml", "sim/Cargo.lock"):
        (COPY / part).write_bytes((ROOT / part).read_bytes())
    # What a manifest names has to be there; none of it is built.
    manifest = (COPY / "Cargo.toml").read_text()
    manifest = re.sub(r"(?ms)^\[\[(bin|example|test|bench)\]\].*?(?=^\[|\Z)", "", manifest)
    manifest = re.sub(r"(?ms)^\[dev-dependencies\].*?(?=^\[|\Z)", "", manifest)
    (COPY / "Cargo.toml").write_text(manifest)
    library = COPY / "src/lib.rs"
    library.write_text(library.read_text().replace("\nmod token;", "\nmod sim_fault;\nmod token;", 1))
    (COPY / "src/sim_fault.rs").write_text(SWITCH)
    for name, path, old, new in FAULTS:
        file = COPY / "src" / path
        text = file.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name}: {old!r} stands {text.count(old)} times in src/{path}: bring sim/controls.py up to date")
        switch = f'crate::sim_fault::is("{name}")'
        file.write_text(text.replace(old, re.sub(r"\bF\b", switch, new)))


def build():
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "sim/target")
    env = {**os.environ, "CARGO_TARGET_DIR": str(target / "of-controls" if isinstance(target, pathlib.Path) else target)}
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "--manifest-path", COPY / "sim/Cargo.toml"],
                   check=True, env={**env, "RUSTFLAGS": "-Awarnings"})
    return pathlib.Path(env["CARGO_TARGET_DIR"]) / "release/sealed-session-sim"


def main():
    worlds = sys.argv[1] if len(sys.argv) > 1 else "3000"
    prepare()
    simulator, missed = build(), []
    print("| Fault | Found after | Seconds | Promise |\n|---|---|---|---|")
    for name, *_ in FAULTS:
        start = time.monotonic()
        env = {**os.environ, "SIM_FAULT": name}
        ran = subprocess.run([simulator, worlds], env=env, capture_output=True, text=True)
        found = re.match(r"seed \d+ breaks a promise, after (\d+) worlds and [\d.]+ s: (.*)", ran.stdout)
        if found:
            seconds = time.monotonic() - start
            print(f"| `{name}` | {found[1]} worlds | {seconds:.1f} | {found[2]} |", flush=True)
        else:
            missed.append(name)
            print(f"| `{name}` | not in {worlds} worlds | | |", flush=True)
    if missed:
        sys.exit(f"not found: {', '.join(missed)}")


if __name__ == "__main__":
    main()
