"""Streams the example sessions through `seal | open`, as a user would, and compares every record.

Usage: stream.py COMMAND [LINES], where COMMAND is a built sealed-session. Fails if a record comes back otherwise, or if
either process takes 50 MB.
"""

import itertools
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_KB = 50_000
DAY_MS = 86_400_000


def lines(count):
    """The example sessions over and over."""
    examples = (ROOT / "examples/data/sessions.jsonl").read_bytes().splitlines(keepends=True)
    return itertools.islice(itertools.cycle(examples), count)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    command = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        ring, source = f"{folder}/ring.json", f"{folder}/sessions.jsonl"
        with open(source, "wb") as file:
            file.writelines(lines(count))
        subprocess.run([command, "ring", "init", ring], check=True, stdout=subprocess.DEVNULL)
        common = ["--ring", ring, "--name", "s"]
        with open(source, "rb") as stdin:
            seal = subprocess.Popen([command, "seal", *common], stdin=stdin, stdout=subprocess.PIPE)
        opener = subprocess.Popen([command, "open", *common], stdin=seal.stdout, stdout=subprocess.PIPE)
        seal.stdout.close()
        compared = sum(1 for pair in zip(lines(count), opener.stdout, strict=True) if check(*pair))
        assert (seal.wait(), opener.wait()) == (0, 0), "seal or open failed"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert compared == count and peak < MAX_KB, f"{compared} of {count} lines, {peak} KB"
    print(f"{compared} sessions sealed, opened and compared; neither process took more than {peak} KB")


def check(line, answer):
    """The answer holds the user, the data byte for byte, and the TTL that the line asked for."""
    asked, got = json.loads(line), json.loads(answer)
    assert got["user_id"] == asked.get("user_id"), line
    assert got["data_json"].encode() in line, line
    assert json.loads(got["data_json"]) == asked["data"], line
    assert got["expires_at_ms"] - got["created_at_ms"] == (asked.get("ttl_ms") or DAY_MS), line
    return True


if __name__ == "__main__":
    main()
