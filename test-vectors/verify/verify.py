"""Runs every test vector, through sealed_session.py, operations.py and dbsc.py.

    python verify.py

Needs Python 3.11 or later and the package `cryptography`. Prints a line for
each file and a line for each mismatch; the exit status is 1 if there is any.
"""

import json
import sys
import time
from pathlib import Path

from checks import FILES, Mismatch

FOLDER = Path(__file__).resolve().parent.parent


def run_test(run, vector):
    """What is wrong, or nothing."""
    try:
        run(vector)
    except Mismatch as mismatch:
        return str(mismatch)
    except Exception as error:  # of whatever kind: the other vectors are run all the same
        return f"{type(error).__name__}: {error}"
    return None


def unknown(vector):
    raise ValueError("the type of its group is unknown")


def run_file(name):
    started, passed, failures = time.monotonic(), 0, []
    document = json.loads((FOLDER / name).read_text("utf-8"))
    for group in document["testGroups"]:
        shared = {member: value for member, value in group.items() if member not in ("type", "tests")}
        for test in group["tests"]:
            wrong = run_test(FILES[name].get(group["type"], unknown), shared | test)
            if wrong is None:
                passed += 1
            else:
                failures.append(f"MISMATCH {name} tcId {test['tcId']} ({test['comment']}): {wrong}")
    if passed + len(failures) != document["numberOfTests"]:
        failures.append(f"MISMATCH {name}: numberOfTests is {document['numberOfTests']}")
    print(f"{name}: {passed} passed, {len(failures)} failed, {time.monotonic() - started:.1f} s")
    print(*failures, sep="\n", end="\n" if failures else "")
    return passed, len(failures)


def main():
    published = {path.name for path in FOLDER.glob("*.json")}
    strangers = sorted(published ^ FILES.keys())
    for name in strangers:
        print(f"MISMATCH {name}: not published, or not run")
    results = [run_file(name) for name in FILES if name in published]
    passed, failed = (sum(counts) for counts in zip(*results, strict=True))
    print(f"verify.py: {passed} passed, {failed + len(strangers)} failed")
    return 1 if failed or strangers else 0


if __name__ == "__main__":
    sys.exit(main())
