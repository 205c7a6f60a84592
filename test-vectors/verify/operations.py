"""Operations on sessions: SPEC.md, sections 9, 11, 12 and 14.

Like sealed_session.py, beside which it stands, it was written from SPEC.md and
from no other implementation. It draws nothing: the caller gives salt and uid.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, replace

import sealed_session as format_v1
from sealed_session import Record, Refused, add_u64

MAX_COOKIE = 4096
MAX_USER = 65_534
MAX_DEPTH = 64
ENVELOPE = 57


class NotSealed(Exception):
    """A session that cannot be sealed as asked. `more` tells the sizes, if it
    is about a size."""

    transient = False

    def __init__(self, outcome, check, **more):
        super().__init__(f"{outcome}: {check}")
        self.outcome = outcome
        self.check = check
        self.more = more


def no_constant(name):
    # NaN and Infinity are Python's, not JSON's.
    raise ValueError(f"{name} is no JSON")


def check_object(text):
    """RFC 8259, with numbers of any size: nothing of it is kept."""
    try:
        value = json.loads(text, parse_constant=no_constant, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise NotSealed("invalid", "data") from error
    if not isinstance(value, dict) or depth(text) > MAX_DEPTH:
        raise NotSealed("invalid", "data")


def depth(text):
    """Levels of arrays and objects in a text that is JSON."""
    deepest = level = 0
    for bracket in re.sub(r'"(?:[^"\\]|\\.)*"', "", text):
        level += (bracket in "[{") - (bracket in "]}")
        deepest = max(deepest, level)
    return deepest


def given(data):
    """Data that a caller gives, as it is stored. Later operations do not look
    at it again."""
    check_object(data or "{}")
    return data or "{}"


def token_chars(record_len):
    return -(-(ENVELOPE + record_len) * 4 // 3)


def record_room(chars):
    return chars * 3 // 4 - ENVELOPE


def is_cookie_name(name):
    """Section 6."""
    bad = any(char in ";=," or unicodedata.category(char) == "Cc" for char in name)
    return name != "" and name.strip() == name and not bad


@dataclass(frozen=True)
class Sealer:
    """All times in milliseconds. `padding` is the multiple, 0 or 1 for none."""

    ring: format_v1.Ring
    app: str
    name: str
    leeway: int
    max_lifetime: int
    default_ttl: int
    max_ttl: int
    padding: int
    max_token_chars: int | None

    def __post_init__(self):
        if not is_cookie_name(self.name):
            raise NotSealed("refused", "name")
        if not format_v1.MIN_TEXT <= self.limit() <= format_v1.MAX_TEXT:
            raise NotSealed("refused", "max_token_chars")
        for name in ("default_ttl", "max_ttl", "max_lifetime"):
            if getattr(self, name) == 0:
                raise NotSealed("refused", name)
        if self.default_ttl > self.max_ttl:
            raise NotSealed("refused", "default_ttl")
        if self.max_ttl > self.ring.max_ttl_s * 1000:
            raise NotSealed("refused", "max_ttl")

    def keys(self, now):
        return self.ring.keys_at(now, self.leeway, self.name, self.app)

    def open(self, token, now, associated_data):
        """The record as it was sealed."""
        coming = self.ring.coming_ids(now, self.leeway, self.name, self.app)
        limits = now, self.leeway, self.max_lifetime, self.max_ttl
        return format_v1.open_token(self.keys(now), token, associated_data, *limits, coming).sealed

    def limit(self):
        chars = self.max_token_chars
        return MAX_COOKIE - len(self.name.encode("utf-8")) if chars is None else chars

    def expiry(self, created, start, ttl):
        """E of section 14."""
        ttl = min(ttl or self.default_ttl, self.max_ttl)
        return min(add_u64(start, ttl), add_u64(created, self.max_lifetime))

    def seal(self, now, record, associated_data, salt):
        """Section 9, whose steps are numbered here."""
        sealing = [key for key, state in self.keys(now).values() if state == "sealing"]  # 1
        if not sealing:
            raise NotSealed("backend", "no_key")
        if record.user is not None and len(record.user.encode("utf-8")) > MAX_USER:  # 2, for the data: given()
            raise NotSealed("invalid", "user_id")
        if not record.created <= record.renewed < record.expires:  # 3
            raise NotSealed("backend", "expired_at_once")
        plaintext = format_v1.encode_record(record)  # 4
        room = record_room(self.limit())
        if len(plaintext) > room:
            needed = token_chars(len(plaintext))
            raise NotSealed("backend", "size", needed=needed, allowed=self.limit())
        padded = len(format_v1.pad_to_multiple(plaintext, self.padding))  # 5
        plaintext = plaintext.ljust(min(padded, room), b"\0")
        return format_v1.seal_raw(sealing[0], salt, associated_data, plaintext)  # 6 and 7


@dataclass(frozen=True)
class Asked:
    """What an operation is asked, and what it draws."""

    op: str
    now: int
    ad: bytes
    salt: bytes
    uid: bytes | None
    token: str | None
    ttl: int | None
    user: str | None
    data: str | None
    keep: list[str]


BLANK = re.compile(r"[ \t\n\r]*")


def past(text, at, mark):
    """Behind this mark, which may have white space on both sides."""
    at = BLANK.match(text, at).end()
    if text[at : at + 1] != mark:
        raise ValueError(f"no {mark}")
    return BLANK.match(text, at + 1).end()


def raw_members(text):
    """The text of each member of an object, the last of several of one name."""
    found, decoder, at = {}, json.JSONDecoder(), past(text, 0, "{")
    while text[at] != "}":
        if found:
            at = past(text, at, ",")
        name, at = decoder.raw_decode(text, at)
        at = past(text, at, ":")
        end = decoder.raw_decode(text, at)[1]
        found[name] = text[at:end]
        at = BLANK.match(text, end).end()
    return found


def only(text, names):
    """An object of those of its members."""
    if not text.lstrip(" \t\n\r").startswith("{"):
        return "{}"
    found = raw_members(text)
    kept = [name for name in dict.fromkeys(names) if name in found]
    return "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{found[name]}" for name in kept) + "}"


def created(sealer, asked):
    expires = sealer.expiry(asked.now, asked.now, asked.ttl)
    return Record(asked.now, asked.now, expires, asked.uid, asked.user, given(asked.data))


def touched(sealer, asked, record):
    renewed = max(asked.now, record.renewed)
    expires = sealer.expiry(record.created, renewed, asked.ttl)
    if expires <= renewed:
        raise Refused("expired", "not_found")
    return replace(record, renewed=renewed, expires=expires)


def logged_in(sealer, asked, record):
    expires = sealer.expiry(asked.now, asked.now, asked.ttl or 0)
    is_same = record.user in (None, asked.user)
    data = record.data if is_same else only(record.data, asked.keep) if asked.keep else "{}"
    return Record(asked.now, asked.now, expires, asked.uid, asked.user, data)


CHANGES = {
    "update": lambda sealer, asked, record: replace(record, data=given(asked.data)),
    "touch": touched,
    "reseal": lambda sealer, asked, record: record,
    "cycle": lambda sealer, asked, record: replace(record, uid=asked.uid),
    "login": logged_in,
}


def run(sealer, asked):
    """The token that an operation seals; delete seals none."""
    if asked.op == "delete":
        return None
    if asked.op == "create":
        record = created(sealer, asked)
    else:
        record = CHANGES[asked.op](sealer, asked, sealer.open(asked.token, asked.now, asked.ad))
    return sealer.seal(asked.now, record, asked.ad, asked.salt)
