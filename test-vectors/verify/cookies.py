"""What a request brings in its cookies: SPEC.md, section 11. Written from it
alone, as sealed_session.py is, and a test tool like it."""

from sealed_session import Refused

MOST = 4
BLANKS = " \t"


class Unclear(Exception):
    """There is no telling which session is meant."""


def values(headers, name):
    """The values of the cookies of this name, in their order."""
    for header in headers:
        for pair in header.split(";"):
            key, equals, value = pair.partition("=")
            if equals and key.strip(BLANKS) == name:
                yield value.strip(BLANKS)


def tokens(headers, name, in_two):
    if not in_two:
        yield from values(headers, name)
        return
    seconds = list(values(headers, f"{name}.1")) or [""]
    for value in values(headers, name):
        if value.startswith("2."):
            yield from (value.removeprefix("2.") + second for second in seconds)
        else:
            yield value


def rank(refused):
    if refused.transient:
        return 0
    return 1 if refused.outcome == "not_found" else 2


def find(headers, name, in_two, open_text):
    """The token that counts; None if there is no cookie of the name. `open_text`
    gives the record of a token, or raises Refused."""
    texts = list(tokens(headers, name, in_two))
    if len(texts) > MOST:
        raise Unclear
    opened, refused = [], []
    for text in texts:
        try:
            opened.append((text, open_text(text)))
        except Refused as error:
            refused.append(error)
    if len({record.uid for _, record in opened}) > 1:
        raise Unclear
    if opened:  # max and min take the first of several
        return max(opened, key=lambda found: found[1].renewed)[0]
    if refused:
        raise min(refused, key=rank)
    return None
