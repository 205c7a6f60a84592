"""Holds every file of test vectors against its JSON Schema.

    python schema.py

Needs the package `jsonschema`, and fails without it. Also checks what a schema
cannot say: that tests are numbered from 1, that their comments differ, and that
flags and notes match. Prints a line for each file and for each fault; the exit
status is 1 if there is any.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).resolve().parent.parent


def load(path):
    return json.loads(path.read_text("utf-8"))


def schemas():
    """The schemas by name; they name each other by their files' names."""
    return {path.name: load(path) for path in (FOLDER / "schema").glob("*.json")}


def validator(known, name):
    Draft202012Validator.check_schema(known[name])
    resources = [(each, Resource.from_contents(schema)) for each, schema in known.items()]
    return Draft202012Validator(known[name], registry=Registry().with_resources(resources))


def deepest(error):
    """Of the groups that a schema allows, the one whose type the group has."""
    alternatives = [error for error in error.context if "type" not in error.absolute_path]
    return deepest(max(alternatives, key=lambda error: len(error.absolute_path))) if alternatives else error


def numbering(tests):
    if [test["tcId"] for test in tests] != list(range(1, len(tests) + 1)):
        yield "tests are not numbered from 1"
    for comment, count in Counter(test["comment"] for test in tests).items():
        if count > 1:
            yield f"{count} tests have the comment {comment!r}"


def flags(document, tests):
    used = {flag for test in tests for flag in test["flags"]}
    for flag in sorted(used ^ document["notes"].keys()):
        yield f"the flag {flag} is not explained, or not used"


def faults(known, name):
    document = load(FOLDER / name)
    schema = document.get("schema", "")
    if schema.removeprefix("schema/") not in known:
        yield f"there is no schema {schema!r}"
        return
    for error in map(deepest, validator(known, schema.removeprefix("schema/")).iter_errors(document)):
        yield f"{error.json_path}: {error.message[:300]}"
    tests = [test for group in document["testGroups"] for test in group["tests"]]
    yield from numbering(tests)
    yield from flags(document, tests)
    if document["numberOfTests"] != len(tests):
        yield f"numberOfTests is not {len(tests)}"


def main():
    known, total = schemas(), 0
    names = sorted(path.name for path in FOLDER.glob("*.json"))
    for name in names:
        found = list(faults(known, name))
        print(f"{name}: {len(found)} faults", *found, sep="\n  ")
        total += len(found)
    print(f"schema.py: {len(names)} files, {total} faults")
    return 1 if total or not names else 0


if __name__ == "__main__":
    sys.exit(main())
