"""Independent implementation of the sealed-session token format, version 1.

Written from the design text alone, never from the Rust sources: two
implementations that agree byte for byte are evidence only while neither was
copied from the other. It is a test tool. It is not constant time, it never
wipes a secret, and it takes salts from its caller.

    python sealed_session.py         self test, exit status 1 on a mismatch
    python sealed_session.py serve   one JSON object per line on stdin, one
                                     answer per line on stdout, until EOF

Needs Python 3.11 or later and the package `cryptography`.
"""

import base64
import hashlib
import hmac
import json
import re
import struct
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

U64_MAX = 2**64 - 1
VERSION = b"\x01"
SALT_LEN = 24
HEADER_LEN = 1 + 16 + SALT_LEN
MIN_TEXT, MAX_TEXT = 138, 8192
ANONYMOUS = 0xFFFF
LABEL = b"sealed-session/v1 "
SECRET_PREFIX = "ssr1_"
RING_FORMAT = "sealed-session-ring/1"
DEFAULT_MAX_TTL_S = 30 * 86400
MAX_EPOCHS = 1024
LAST_RING_TIME_MS = 253_402_207_200_000  # 9999-12-30T22:00:00Z
JUST_OVER_MS = 600_000
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGITS = {char: value for value, char in enumerate(ALPHABET)}


class Refused(Exception):
    """A token that does not open. `check` names the step that refused it, and
    `transient` says that the cookie is to be left in place."""

    def __init__(self, check, outcome="invalid", transient=False):
        super().__init__(f"{outcome}: {check}")
        self.check = check
        self.outcome = outcome
        self.transient = transient


class SecretError(ValueError):
    """A root secret text that does not decode. `check` names why."""

    def __init__(self, check):
        super().__init__(f"root secret: {check}")
        self.check = check


class RingError(ValueError):
    """A key ring that must not be built, or cannot do what was asked. `check`
    names the member that is wrong, "json" or "unknown"."""

    def __init__(self, message, check):
        super().__init__(message)
        self.check = check


# Base64url ----------------------------------------------------------------


def b64_encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def b64_decode(text):
    """Strict decode. Python's own decoder drops characters it does not know
    and ignores trailing bits, so that many texts would mean one token."""
    if len(text) % 4 == 1:
        raise ValueError("base64url: impossible length")
    out, pending, bits = bytearray(), 0, 0
    for char in text:
        if char not in DIGITS:
            raise ValueError("base64url: character outside the alphabet")
        pending, bits = pending << 6 | DIGITS[char], bits + 6
        if bits >= 8:
            bits -= 8
            out.append(pending >> bits)
            pending &= (1 << bits) - 1
    if pending:
        raise ValueError("base64url: trailing bits are not zero")
    # The encoder is the library's: it catches a mistake in the loop above.
    if b64_encode(bytes(out)) != text:
        raise ValueError("base64url: does not encode back to itself")
    return bytes(out)


# Derivation ---------------------------------------------------------------


def hkdf_extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha256")


def hkdf_expand(prk, info, length):
    # The format never asks for more than one block, so there is no chaining.
    if not 0 < length <= 32:
        raise ValueError("one block of HKDF-SHA-256 is 1 to 32 bytes")
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def derive_prk(secret):
    if not 32 <= len(secret) <= 64:
        raise ValueError("a root secret is 32 to 64 bytes")
    return hkdf_extract(LABEL + b"root secret", secret)


def derive_root_id(prk):
    return hkdf_expand(prk, LABEL + b"root id", 8)


def prefixed(text):
    raw = text.encode("utf-8")
    return struct.pack(">H", len(raw)) + raw


def derive_sealing_key(prk, app, name, period_s=0, epoch=0):
    # The lengths keep ("ab", "c") and ("a", "bc") apart.
    context = struct.pack(">QQ", period_s, epoch) + prefixed(app) + prefixed(name)
    return hkdf_expand(prk, LABEL + b"sealing key" + context, 32)


def derive_key_id(sealing_key):
    return hkdf_expand(sealing_key, LABEL + b"key id", 16)


def derive_message_key(sealing_key, salt):
    if len(salt) != SALT_LEN:
        raise ValueError("a salt is 24 bytes")
    return hkdf_expand(sealing_key, LABEL + b"message key" + salt, 32)


def derive_csrf_token(sealing_key, salt, uid):
    if len(salt) != SALT_LEN or len(uid) != 16:
        raise ValueError("a salt is 24 bytes and a session uid is 16")
    proof = hkdf_expand(sealing_key, LABEL + b"csrf" + salt + uid, 32)
    return b64_encode(derive_key_id(sealing_key) + salt + proof)


# Root secret text ---------------------------------------------------------


def secret_checksum(secret):
    return hashlib.sha256(SECRET_PREFIX.encode("ascii") + secret).digest()[:4]


def encode_secret(secret):
    if not 32 <= len(secret) <= 64:
        raise SecretError("length")
    return SECRET_PREFIX + b64_encode(secret + secret_checksum(secret))


def decode_secret(text):
    """Raises SecretError: "prefix", "base64", "length" or "checksum"."""
    text = text.removesuffix("\n")  # every text editor adds one, so one is fine
    if not text.startswith(SECRET_PREFIX):
        raise SecretError("prefix")
    try:
        raw = b64_decode(text.removeprefix(SECRET_PREFIX))
    except ValueError as error:
        raise SecretError("base64") from error
    if not 32 + 4 <= len(raw) <= 64 + 4:
        raise SecretError("length")
    secret, checksum = raw[:-4], raw[-4:]
    if checksum != secret_checksum(secret):
        raise SecretError("checksum")
    return secret


# Record -------------------------------------------------------------------


@dataclass(frozen=True)
class Record:
    created: int
    renewed: int
    expires: int
    uid: bytes
    user: str | None
    data: str


def encode_user(user):
    if user is None:
        return struct.pack(">H", ANONYMOUS)
    raw = user.encode("utf-8")
    # 65,535 bytes would fit the length field, but that length means anonymous.
    if len(raw) >= ANONYMOUS:
        raise ValueError("a user id is at most 65534 bytes")
    return struct.pack(">H", len(raw)) + raw


def pad_to_multiple(record, pad):
    if pad < 0:
        raise ValueError("padding is to a multiple of 0 or more bytes")
    return record if pad <= 1 else record + bytes(-len(record) % pad)


def encode_record(record, pad=0):
    if len(record.uid) != 16:
        raise ValueError("a session uid is 16 bytes")
    data = record.data.encode("utf-8")
    times = struct.pack(">QQQ", record.created, record.renewed, record.expires)
    sized_data = struct.pack(">I", len(data)) + data
    return pad_to_multiple(times + record.uid + encode_user(record.user) + sized_data, pad)


def take(raw, at, length, check):
    """The next `length` bytes and where they end."""
    if length > len(raw) - at:
        raise Refused(check)
    return raw[at : at + length], at + length


def take_text(raw, at, length, check):
    piece, at = take(raw, at, length, check)
    try:
        return piece.decode("utf-8"), at
    except UnicodeDecodeError as error:
        raise Refused(check) from error


def parse_record(raw):
    fixed, at = take(raw, 0, 40, "record_truncated")
    created, renewed, expires, uid = struct.unpack(">QQQ16s", fixed)
    size, at = take(raw, at, 2, "record_truncated")
    length, user = int.from_bytes(size, "big"), None
    if length != ANONYMOUS:
        user, at = take_text(raw, at, length, "record_user_id")
    size, at = take(raw, at, 4, "record_truncated")
    data, at = take_text(raw, at, int.from_bytes(size, "big"), "record_data")
    # Bytes that nobody reads would make two records of one meaning.
    if any(raw[at:]):
        raise Refused("padding")
    return Record(created, renewed, expires, uid, user, data)


# Sealing and opening ------------------------------------------------------


def add_u64(a, b):
    return min(a + b, U64_MAX)


def check_time_order(record):
    if not record.created <= record.renewed < record.expires:
        raise Refused("time_order")


def seal_raw(sealing_key, salt, associated_data, plaintext):
    """Seals any bytes. Only tests call it with something that is no record."""
    header = VERSION + derive_key_id(sealing_key) + salt
    # One message per key (the salt is fresh), so a constant nonce is safe.
    aead = ChaCha20Poly1305(derive_message_key(sealing_key, salt))
    return b64_encode(header + aead.encrypt(bytes(12), plaintext, header + associated_data))


def seal(sealing_key, salt, associated_data, record, pad=0):
    # Never make a token that every opener has to refuse.
    check_time_order(record)
    return seal_raw(sealing_key, salt, associated_data, encode_record(record, pad))


def decode_text(token):
    """Step 1. Length first: it bounds the work that a stranger can cause."""
    if not MIN_TEXT <= len(token.encode("utf-8")) <= MAX_TEXT:
        raise Refused("length")
    try:
        return b64_decode(token)
    except ValueError as error:
        raise Refused("base64") from error


def find_key(keys, key_id, coming=()):
    """Step 3. A token is tried under the key that it names and no other."""
    sealing_key, state = keys.get(key_id, (None, "unknown"))
    if state not in ("sealing", "accepted", "staged"):
        raise Refused("key_id", transient=key_id in coming)
    return sealing_key, state


def decrypt(sealing_key, raw, associated_data):
    """Step 4."""
    header, sealed = raw[:HEADER_LEN], raw[HEADER_LEN:]
    aead = ChaCha20Poly1305(derive_message_key(sealing_key, header[17:]))
    try:
        return aead.decrypt(bytes(12), sealed, header + associated_data)
    except InvalidTag as error:
        raise Refused("aead") from error


def check_clock(record, now, leeway, max_lifetime, max_ttl):
    """The end of step 5, and step 6. Returns the expiry that a reader reports."""
    if record.renewed > add_u64(now, leeway):
        raise Refused("future", transient=True)
    limit = min(add_u64(record.created, max_lifetime), add_u64(record.renewed, max_ttl))
    if now >= min(record.expires, limit):
        # Another server, or this one before it was restarted, may have wider limits.
        by_limits_alone = limit <= now < min(record.expires, add_u64(limit, JUST_OVER_MS))
        raise Refused("expired", "not_found", transient=by_limits_alone)
    return min(record.expires, limit)


@dataclass(frozen=True)
class Opened:
    record: Record  # its `expires` is the minimum that a reader reports
    sealed: Record  # as it was sealed
    key_id: bytes
    key_state: str


def open_token(keys, token, associated_data, now, leeway, max_lifetime, max_ttl=U64_MAX, coming=()):
    """`keys` maps key id -> (sealing key, state); `coming` are the ids of the
    epochs that follow those. Raises Refused."""
    raw = decode_text(token)
    if raw[:1] != VERSION:
        raise Refused("version")
    key_id = raw[1:17]
    sealing_key, state = find_key(keys, key_id, coming)
    record = parse_record(decrypt(sealing_key, raw, associated_data))
    check_time_order(record)
    expires = check_clock(record, now, leeway, max_lifetime, max_ttl)
    return Opened(replace(record, expires=expires), record, key_id, state)


# Key ring -----------------------------------------------------------------


@dataclass(frozen=True)
class Root:
    secret: bytes
    period_s: int
    activate_at_ms: int
    retire_at_ms: int | None
    revoked: bool


def ceil_div(a, b):
    return -(-a // b)


def check_root(root, max_ttl_s, leeway):
    derive_prk(root.secret)  # for its length check
    if root.retire_at_ms is not None and root.retire_at_ms <= root.activate_at_ms:
        raise RingError("retire_at is not after activate_at", "retire_at")
    if root.period_s:
        # The most epochs that any `now` can give.
        span_s = max_ttl_s + grace_s(root.period_s) + ceil_div(leeway, 1000)
        if ceil_div(span_s, root.period_s) + 1 > MAX_EPOCHS:
            raise RingError("more than 1024 epochs in the window", "period_s")


def grace_s(period_s):
    # Beyond the longest life, so that an honest late token reads "expired".
    return max(period_s, 86400)


def epoch_window(root, max_ttl_s, now, leeway):
    """The range of epochs that a rotating root accepts at `now`."""
    period_ms = root.period_s * 1000
    oldest_ms = max(0, now - (max_ttl_s + grace_s(root.period_s)) * 1000)
    first, last = oldest_ms // period_ms, add_u64(now, leeway) // period_ms
    # A larger leeway than that of the build can widen what was let through.
    if last - first + 1 > MAX_EPOCHS:
        raise RingError("more than 1024 epochs in the window", "period_s")
    return range(first, last + 1)


class Ring:
    def __init__(self, roots, max_ttl_s=DEFAULT_MAX_TTL_S, leeway=0):
        self.roots = list(roots)
        self.max_ttl_s = max_ttl_s
        for root in self.roots:
            check_root(root, max_ttl_s, leeway)
        if len({root.secret for root in self.roots}) != len(self.roots):
            raise RingError("the same secret twice", "secret")
        # Equal times would leave it open which of the two seals.
        times = [root.activate_at_ms for root in self.roots if not root.revoked]
        if len(set(times)) != len(times):
            raise RingError("equal activate_at", "activate_at")

    def root_state(self, root, now):
        if root.revoked:
            return "revoked"
        if root.retire_at_ms is not None and now >= root.retire_at_ms:
            return "gone"
        return "staged" if now < root.activate_at_ms else "active"

    def sealing_root(self, now):
        active = [root for root in self.roots if self.root_state(root, now) == "active"]
        return max(active, key=lambda root: root.activate_at_ms, default=None)

    def epochs(self, root, now, leeway):
        """Yields (epoch, state) of every key that the root has at `now`."""
        state = self.root_state(root, now)
        if state == "active":
            state = "sealing" if root is self.sealing_root(now) else "accepted"
        if not root.period_s:
            yield 0, state
            return
        current = now // (root.period_s * 1000)
        for epoch in epoch_window(root, self.max_ttl_s, now, leeway):
            # The state of a root that is staged, gone or revoked holds for all of
            # its epochs; only an active root has epochs of several states.
            if state not in ("sealing", "accepted") or epoch == current:
                yield epoch, state
            else:
                yield epoch, "staged" if epoch > current else "accepted"

    def keys_at(self, now, leeway, name, app):
        """key id -> (sealing key, state), with the revoked and gone ones too."""
        keys = {}
        for root in self.roots:
            prk = derive_prk(root.secret)
            for epoch, state in self.epochs(root, now, leeway):
                key = derive_sealing_key(prk, app, name, root.period_s, epoch)
                if keys.setdefault(derive_key_id(key), (key, state)) != (key, state):
                    raise RingError("two keys with one id", "secret")
        return keys

    def coming_ids(self, now, leeway, name, app):
        """The ids of the epochs that come next, of all roots that open."""
        ids = set()
        for root in self.roots:
            if root.period_s and self.root_state(root, now) in ("staged", "active"):
                epoch = epoch_window(root, self.max_ttl_s, now, leeway)[-1] + 1
                key = derive_sealing_key(derive_prk(root.secret), app, name, root.period_s, epoch)
                ids.add(derive_key_id(key))
        return ids


# Ring file ----------------------------------------------------------------


TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9])(?:\.([0-9]{1,3}))?Z")


def parse_time_ms(text, check="time"):
    # Only the form that the format shows; Python's own parsers take many more.
    found = TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise RingError("a time is written YYYY-MM-DDTHH:MM:SSZ", check)
    try:
        moment = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise RingError("no such date", check) from error
    seconds = (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(seconds=1)
    if seconds < 0:
        raise RingError("a time before 1970", check)
    milliseconds = seconds * 1000 + int((found[2] or "0").ljust(3, "0"))
    if milliseconds > LAST_RING_TIME_MS:
        raise RingError("a time after 9999-12-30T22:00:00Z", check)
    return milliseconds


def check_fields(value, required, optional, place):
    """A misspelled field must not silently become a default."""
    if not isinstance(value, dict):
        raise RingError("expected a JSON object", place)
    if unknown := value.keys() - required - optional:
        raise RingError(f"unknown: {sorted(unknown)}", "unknown")
    for name in sorted(required - value.keys()):
        raise RingError(f"{name} is missing", name)


def json_u64(value, check):
    # bool is a subclass of int in Python, and `true` is no number in JSON.
    if type(value) is not int or not 0 <= value <= U64_MAX:
        raise RingError("expected an unsigned 64-bit integer", check)
    return value


def parse_secret(text):
    try:
        return decode_secret(text)
    except (SecretError, AttributeError) as error:
        raise RingError(str(error), "secret") from error


def parse_root(value):
    check_fields(value, {"secret", "period_s", "activate_at", "retire_at", "revoked"}, {"created_at"}, "keys")
    if type(value["revoked"]) is not bool:
        raise RingError("revoked is true or false", "revoked")
    if "created_at" in value:
        parse_time_ms(value["created_at"], "created_at")
    retire_at = value["retire_at"]
    return Root(
        parse_secret(value["secret"]),
        json_u64(value["period_s"], "period_s"),
        parse_time_ms(value["activate_at"], "activate_at"),
        None if retire_at is None else parse_time_ms(retire_at, "retire_at"),
        value["revoked"],
    )


# A file is counted with this one when it is loaded, whatever the opener's own.
LOADING_LEEWAY_MS = 60_000


def parse_ring(value, leeway=0):
    check_fields(value, {"format", "keys"}, {"max_ttl_s"}, "json")
    if value["format"] != RING_FORMAT:
        raise RingError("unknown ring format", "format")
    max_ttl_s = json_u64(value.get("max_ttl_s", DEFAULT_MAX_TTL_S), "max_ttl_s")
    if max_ttl_s == 0:
        raise RingError("max_ttl_s is 1 or more", "max_ttl_s")
    if type(value["keys"]) is not list:
        raise RingError("keys is a list", "keys")
    return Ring([parse_root(key) for key in value["keys"]], max_ttl_s, max(leeway, LOADING_LEEWAY_MS))


def once(pairs):
    """An object whose every name stands once; Python would take the last."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise RingError("a member given twice", "json")
    return members


def no_constant(name):
    # NaN and Infinity are Python's, not JSON's.
    raise ValueError(f"{name} is no JSON")


def whole_number(text):
    # `-0` is an integer of Python's, and has a sign.
    return int(text) if text.isdigit() else float(text)


JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"(?=(\s*:)?)', re.DOTALL)


def without_escaped_values(text):
    """A ring file in which each value that has an escape is an object, which is
    none of the types that a member may have. Names may have escapes."""
    replace = lambda found: "{}" if "\\" in found[0] and not found[1] else found[0]
    return JSON_STRING.sub(replace, text)


def parse_ring_text(text, leeway=0):
    hooks = {"object_pairs_hook": once, "parse_constant": no_constant, "parse_int": whole_number}
    try:
        json.loads(text, **hooks)  # only what is JSON is looked through for escapes
        value = json.loads(without_escaped_values(text), **hooks)
    except RingError:
        raise
    except (ValueError, RecursionError) as error:
        raise RingError(f"not JSON: {error}", "json") from error
    return parse_ring(value, leeway)


# Line protocol ------------------------------------------------------------


def decimal_u64(text):
    if not re.fullmatch(r"[0-9]{1,20}", text) or int(text) > U64_MAX:
        raise ValueError("expected an unsigned 64-bit integer in decimal")
    return int(text)


def request_key(request):
    period_s, epoch = decimal_u64(request["period_s"]), decimal_u64(request["epoch"])
    prk = derive_prk(bytes.fromhex(request["secret"]))
    return derive_sealing_key(prk, request["app"], request["name"], period_s, epoch)


def op_seal(request):
    times = [decimal_u64(request[field]) for field in ("created", "renewed", "expires")]
    record = Record(*times, bytes.fromhex(request["uid"]), request["user"], request["data"])
    salt, associated_data = bytes.fromhex(request["salt"]), bytes.fromhex(request["ad"])
    return {"token": seal(request_key(request), salt, associated_data, record, request["pad"])}


def answer_open(keys, request):
    """The answer and, for a token that opened, what opened it."""
    names = ("now", "leeway_ms", "max_lifetime_ms", "max_ttl_ms")
    clock = [decimal_u64(request[field]) for field in names]
    try:
        opened = open_token(keys, request["token"], bytes.fromhex(request["ad"]), *clock)
    except Refused as refused:
        return {"error": refused.outcome, "check": refused.check}, None
    record = opened.record
    ok = {"uid": record.uid.hex(), "user": record.user, "data": record.data}
    ok |= {field: str(getattr(record, field)) for field in ("created", "renewed", "expires")}
    return {"ok": ok}, opened


def op_open(request):
    key = request_key(request)
    return answer_open({derive_key_id(key): (key, "accepted")}, request)[0]


def op_open_ring(request):
    now, leeway = decimal_u64(request["now"]), decimal_u64(request["leeway_ms"])
    keys = parse_ring(request["ring"], leeway).keys_at(now, leeway, request["name"], request["app"])
    answer, opened = answer_open(keys, request)
    if opened:
        answer["ok"] |= {"key_id": opened.key_id.hex(), "key_state": opened.key_state}
    return answer


def op_derive(request):
    prk, key = derive_prk(bytes.fromhex(request["secret"])), request_key(request)
    salt, uid = bytes.fromhex(request["salt"]), bytes.fromhex(request["uid"])
    return {
        "prk": prk.hex(),
        "root_id": derive_root_id(prk).hex(),
        "sealing_key": key.hex(),
        "key_id": derive_key_id(key).hex(),
        "message_key": derive_message_key(key, salt).hex(),
        "csrf_token": derive_csrf_token(key, salt, uid),
    }


OPS = {"seal": op_seal, "open": op_open, "open_ring": op_open_ring, "derive": op_derive}


def answer_line(line):
    # A bad request must not end the server: the driver would lose its place.
    try:
        # Decoded here, because json.loads would guess at UTF-16 and UTF-32.
        request = json.loads(line.decode("utf-8"))
        if request["op"] not in OPS:
            raise ValueError("unknown op")
        answer = OPS[request["op"]](request)
    except Exception as error:
        answer = {"error": "failed", "message": f"{type(error).__name__}: {error}"}
    return json.dumps(answer, separators=(",", ":")).encode("ascii")


def serve():
    # Bytes, not text: independent of the locale, and only "\n" ends a line.
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(answer_line(line) + b"\n")
        sys.stdout.buffer.flush()


# Self test ----------------------------------------------------------------

KNOWN = [
    {
        "comment": "anonymous, empty data, static root",
        "secret": "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "app": "",
        "name": "__Host-session",
        "period_s": "0",
        "epoch": "0",
        "salt": "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7",
        "ad": "",
        "user": None,
        "data": "{}",
        "pad": 0,
        "prk": "de9405a93b704f7a9016a9bc57977d31036c3246d7ccfc0c345a5fd377ce63e8",
        "root_id": "97dd7b545d5769dc",
        "sealing_key": "405ceb866096fb54deb31b10e0f1f5f529b572e1dae48250bd01d5ead5ad8ab8",
        "key_id": "4e2f5d6e4df145e46bf19e3bc108f4a4",
        "message_key": "0453ad423f8242043f6d252301960ffa04e72fc6246be6cebb47dc9a1f309db8",
        "plaintext": "000001a1ee565e00000001a1ee574860000001a1ee8e36e0"
        "000102030405060708090a0b0c0d0e0fffff000000027b7d",
        "token": "AU4vXW5N8UXka_GeO8EI9KSgoaKjpKWmp6ipqqusra6vsLGys7S1trfuYp1876R00llkRRSF"
        "RccRXul2ZOKlxsgZY83WOnCIcn_0_dCil-3EIoutTu44mzxbljkMJjkwXiJIRyufTnR4",
        "csrf_token": "Ti9dbk3xReRr8Z47wQj0pKChoqOkpaanqKmqq6ytrq-wsbKztLW2t2Q--vzFJt6Dk2L2"
        "3Aao2CEEQauNnyGK8750N8Vay5h-",
    },
    {
        "comment": "user, nested data, daily epoch, app id, associated data, padding",
        "secret": "5a" * 64,
        "app": "shop.example",
        "name": "sid",
        "period_s": "86400",
        "epoch": "20775",
        "salt": "6465666768696a6b6c6d6e6f707172737475767778797a7b",
        "ad": "74656e616e742d37",
        "user": "user-42",
        "data": '{"cart":[{"sku":"A1","n":2}],"csrf":"é"}',
        "pad": 107,  # 13 zero bytes make 107, a prime: no smaller unit gives them
        "prk": "9d8d6e0bf16a64034e02e41dca9ad6a52f70a45833ffb03f723b8e01e3d655e4",
        "root_id": "70d3a6c1f941741e",
        "sealing_key": "f21a0c6262201f15d063f30f9b997ff437391a93ab696a4707171ad4d49d7e68",
        "key_id": "5d9a27ffe8845724520d91614fe51fb5",
        "message_key": "0fb7687f40a5dd38389b4f0d280d23a1ec63f025e6e71fe80caf71c5a00b0ca3",
        "plaintext": "000001a1ee565e00000001a1ee574860000001a1ee8e36e0"
        "000102030405060708090a0b0c0d0e0f0007757365722d3432000000297b2263617274223a5b7b22"
        "736b75223a224131222c226e223a327d5d2c2263737266223a22c3a9227d"
        "00000000000000000000000000",
        "token": "AV2aJ__ohFckUg2RYU_lH7VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5entE1WEs99EHv39xIK6T"
        "zY5CwdU7AadjJJ-qrsxHAqooTy_JqWHI2565OnpXHqOoNGwe0qAmM-g6drmOLd7OuYm3YWZDNFPhizWj"
        "u-vW6WHcDjpudQ5ow3UELfaOQTP4xyHEE9xo_--NZ_9S7WgHphgEJok5w_9l5q4i0x8",
        "csrf_token": "XZon_-iEVyRSDZFhT-UftWRlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e8AHaAyklAsvrezK"
        "_5fbAoeIHtkZytOHi1LDQiUeA9YT",
    },
]
UID = bytes(range(16))
CREATED, RENEWED, EXPIRES = 1795000000000, 1795000060000, 1795003660000
NOW, LEEWAY, LIFETIME = RENEWED, 60_000, 30 * 86_400_000
BASE = Record(CREATED, RENEWED, EXPIRES, UID, "user-42", "{}")
KEY = derive_sealing_key(derive_prk(bytes(range(32))), "", "sid")
SALT = bytes(range(SALT_LEN))
DERIVED = ("prk", "root_id", "sealing_key", "key_id", "message_key", "csrf_token")


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def same(self, what, got, want):
        if got == want:
            self.passed += 1
            return
        self.failed += 1
        print(f"MISMATCH {what}\n  got  {got!r}\n  want {want!r}")


def outcome(call, *args, **kwargs):
    """What a call gave, or the name of what it refused, as one value."""
    try:
        return call(*args, **kwargs)
    except Refused as refused:
        return refused.outcome, refused.check
    except SecretError as error:
        return "secret", error.check
    except ValueError as error:
        return "ValueError", str(error)


def answer(request):
    return json.loads(answer_line(json.dumps(request).encode("ascii")))


def open_request(token, **changes):
    request = {"op": "open", "secret": bytes(range(32)).hex(), "app": "", "name": "sid"}
    request |= {"period_s": "0", "epoch": "0", "ad": "", "token": token, "now": str(NOW)}
    request |= {"leeway_ms": str(LEEWAY), "max_lifetime_ms": str(LIFETIME), "max_ttl_ms": "2592000000"}
    return request | changes


def test_known(tally, known):
    request = known | {"uid": UID.hex()}
    request |= {"created": str(CREATED), "renewed": str(RENEWED), "expires": str(EXPIRES)}
    derived = answer(request | {"op": "derive"})
    for field in DERIVED:
        tally.same(f"{known['comment']}: {field}", derived[field], known[field])
    record = Record(CREATED, RENEWED, EXPIRES, UID, known["user"], known["data"])
    plaintext = encode_record(record, known["pad"])
    tally.same(f"{known['comment']}: plaintext", plaintext.hex(), known["plaintext"])
    sealed = answer(request | {"op": "seal"})
    tally.same(f"{known['comment']}: token", sealed, {"token": known["token"]})
    opened = answer(open_request(known["token"]) | known | {"op": "open"})
    want = {field: request[field] for field in ("uid", "user", "data", "created", "renewed", "expires")}
    tally.same(f"{known['comment']}: opened", opened, {"ok": want})


def test_known_ring(tally, known):
    secret = encode_secret(bytes.fromhex(known["secret"]))
    key = {"secret": secret, "period_s": int(known["period_s"]), "retire_at": None, "revoked": False}
    ring = {"format": RING_FORMAT, "keys": [key | {"activate_at": "1970-01-01T00:00:00Z"}]}
    request = open_request(known["token"]) | known | {"op": "open_ring", "ring": ring}
    opened = answer(request)["ok"]
    tally.same("ring: key id", opened["key_id"], known["key_id"])
    tally.same("ring: state", opened["key_state"], "sealing")
    ring["keys"][0]["revoked"] = True
    tally.same("ring: revoked", answer(request), {"error": "invalid", "check": "key_id"})
    ring["keys"][0]["revoke"] = True
    tally.same("ring: unknown field", answer(request)["error"], "failed")


def bad_texts(token):
    """Step 1. (text, check)"""
    yield "A" * 137, "length"
    yield "A" * 8193, "length"
    yield "", "length"
    # The right length, but one fault that a lenient decoder would forgive.
    yield token + "=", "base64"
    yield token[:-1] + "=", "base64"
    yield token[:70] + "\n" + token[70:], "base64"
    yield token + "\n", "base64"
    yield " " + token, "base64"
    yield token[:70] + "+" + token[71:], "base64"
    yield token[:70] + "/" + token[71:], "base64"
    yield token[:70] + "é" + token[71:], "base64"
    yield "A" * 141, "base64"  # 4n + 1 characters encode no whole byte
    yield "A" * 137 + "B", "base64"  # the low four bits of the last one are spare
    yield "A" * 138 + "B", "base64"  # and here two bits
    yield "A" * 8192, "version"  # both ends of the window pass step 1
    yield "A" * 138, "version"


def flip(token, index):
    raw = bytearray(b64_decode(token))
    raw[index] ^= 1
    return b64_encode(bytes(raw))


def bad_envelopes(token):
    """Steps 2 to 4. (text, changed arguments, check)"""
    yield flip(token, 0), {}, "version"
    yield flip(token, 1), {}, "key_id"
    yield flip(token, 16), {}, "key_id"
    yield token, {"app": "x"}, "key_id"
    yield token, {"name": "sid2"}, "key_id"
    yield token, {"name": "", "app": "sid"}, "key_id"
    yield token, {"period_s": "1"}, "key_id"
    yield token, {"epoch": "1"}, "key_id"
    yield token, {"secret": "00" * 32}, "key_id"
    yield flip(token, 17), {}, "aead"
    yield flip(token, 40), {}, "aead"
    yield flip(token, 41), {}, "aead"
    yield flip(token, -1), {}, "aead"
    yield token, {"ad": "00"}, "aead"
    yield b64_encode(b64_decode(token) + b"\0"), {}, "aead"


def bad_records():
    """Step 5, sealed as raw bytes. (plaintext, check)"""
    start = encode_record(BASE)[:40]
    text = lambda size, raw: size.to_bytes(2, "big") + raw
    data = lambda size, raw: size.to_bytes(4, "big") + raw
    yield start + text(5, b"") + data(0, b""), "record_user_id"
    yield start + text(0xFFFE, b"u") + data(2, b"{}"), "record_user_id"
    yield start + text(2, b"\xff\xfe") + data(2, b"{}"), "record_user_id"
    yield start + text(3, b"\xed\xa0\x80") + data(2, b"{}"), "record_user_id"  # a surrogate
    yield start + text(4, b"user"), "record_truncated"
    yield start + text(4, b"user") + b"\0\0\0", "record_truncated"
    yield start + text(0xFFFF, b"") + data(3, b"{}"), "record_data"
    yield start + text(0xFFFF, b"") + data(2**32 - 1, b"{}"), "record_data"
    yield start + text(0, b"") + data(1, b"\x80"), "record_data"
    yield start + text(0, b"") + data(2, b"\xc0\xaf"), "record_data"  # overlong
    yield start + text(0, b"") + data(2, b"{}\x01"), "padding"
    yield start + text(0, b"") + data(2, b"{}\0\0\x01\0"), "padding"


def bad_times():
    """The end of step 5, and step 6. (times, clock, outcome, check)"""
    order = ("invalid", "time_order")
    yield (CREATED, CREATED - 1, EXPIRES), {}, *order
    yield (CREATED, EXPIRES, EXPIRES), {}, *order
    yield (CREATED, EXPIRES + 1, EXPIRES), {}, *order
    future = {"now": str(RENEWED - LEEWAY - 1)}
    yield (CREATED, RENEWED, EXPIRES), future, "invalid", "future"
    yield (CREATED, U64_MAX - 1, U64_MAX), {}, "invalid", "future"
    late = ("not_found", "expired")
    yield (CREATED, RENEWED, EXPIRES), {"now": str(EXPIRES)}, *late
    yield (CREATED, RENEWED, EXPIRES), {"max_lifetime_ms": "60000"}, *late
    yield (CREATED, RENEWED, EXPIRES), {"max_lifetime_ms": "0"}, *late
    yield (CREATED, RENEWED, EXPIRES), {"max_ttl_ms": "5", "now": str(RENEWED + 5)}, *late
    yield (0, 0, U64_MAX), {"now": str(U64_MAX), "max_lifetime_ms": str(U64_MAX)}, *late
    # Of two reasons the earlier step is the one that is reported.
    yield (CREATED, EXPIRES, EXPIRES), {"now": str(EXPIRES)}, *order
    both = {"now": "5", "leeway_ms": "0", "max_lifetime_ms": "1"}
    yield (0, 6, 7), both, "invalid", "future"


def good_times():
    """(times, clock, the expiry that a reader reports)"""
    yield (CREATED, RENEWED, EXPIRES), {"now": str(RENEWED - LEEWAY)}, EXPIRES
    yield (CREATED, RENEWED, EXPIRES), {"now": str(EXPIRES - 1)}, EXPIRES
    yield (CREATED, RENEWED, EXPIRES), {"max_lifetime_ms": "60001"}, RENEWED + 1
    yield (CREATED, RENEWED, EXPIRES), {"max_ttl_ms": "5", "now": str(RENEWED + 4)}, RENEWED + 5
    yield (CREATED, CREATED, EXPIRES), {"max_lifetime_ms": str(U64_MAX)}, EXPIRES
    top = {"now": str(U64_MAX - 1), "leeway_ms": str(U64_MAX), "max_lifetime_ms": "5"}
    yield (U64_MAX - 2, U64_MAX - 1, U64_MAX), top, U64_MAX


def test_refusals(tally):
    token = seal(KEY, SALT, b"", BASE)
    tally.same("base opens", answer(open_request(token))["ok"]["user"], "user-42")
    for text, check in bad_texts(token):
        want = {"error": "invalid", "check": check}
        tally.same(f"text {text!r}", answer(open_request(text)), want)
    for text, changes, check in bad_envelopes(token):
        want = {"error": "invalid", "check": check}
        tally.same(f"{changes} {text}", answer(open_request(text, **changes)), want)
    for plaintext, check in bad_records():
        text = seal_raw(KEY, SALT, b"", plaintext)
        want = {"error": "invalid", "check": check}
        tally.same(f"record {plaintext[40:].hex()}", answer(open_request(text)), want)
    # Too short for any token, so only the parser itself can show these.
    for length in range(46):
        short = encode_record(replace(BASE, user=None, data=""))[:length]
        tally.same(f"record of {length}", outcome(parse_record, short), ("invalid", "record_truncated"))


def test_times(tally):
    for times, clock, error, check in bad_times():
        # Not `seal`, which refuses a bad order itself.
        text = seal_raw(KEY, SALT, b"", encode_record(Record(*times, UID, "", "{}")))
        want = {"error": error, "check": check}
        tally.same(f"{times} {clock}", answer(open_request(text, **clock)), want)
        if check == "time_order":
            got = outcome(seal, KEY, SALT, b"", Record(*times, UID, "", "{}"))
            tally.same(f"sealing {times}", got, ("invalid", check))
    for times, clock, expires in good_times():
        text = seal(KEY, SALT, b"", Record(*times, UID, "", "{}"))
        got = answer(open_request(text, **clock))["ok"]
        tally.same(f"{times} {clock}", got["expires"], str(expires))


def test_records(tally):
    for user in (None, "", "é", "u" * 65534):
        for pad in (0, 1, 2, 64, 107):
            record = replace(BASE, user=user)
            raw = encode_record(record, pad)
            tally.same(f"pad {pad}", (len(raw) % max(pad, 1), parse_record(raw)), (0, record))
    got = outcome(encode_record, replace(BASE, user="u" * 65535))[0]
    tally.same("user id of 65535 bytes", got, "ValueError")
    smallest = seal(KEY, SALT, b"", replace(BASE, user="", data=""))
    tally.same("smallest token", len(smallest), MIN_TEXT)
    for length in range(9):
        raw = bytes(range(250, 250 + min(length, 6))) + bytes(max(0, length - 6))
        tally.same(f"base64 of {length}", b64_decode(b64_encode(raw)), raw)


def test_secrets(tally):
    for length in (32, 33, 64):
        text = encode_secret(bytes(range(length)))
        tally.same(f"secret of {length}", decode_secret(text), bytes(range(length)))
        tally.same("with newline", decode_secret(text + "\n"), bytes(range(length)))
    short, long = bytes(31), bytes(65)
    texts = [("ssr2_" + text[5:], "prefix"), (" " + text, "prefix"), ("", "prefix")]
    texts += [(text + "\n\n", "base64"), (text + "=", "base64"), (text + "\r\n", "base64")]
    texts += [(SECRET_PREFIX + b64_encode(raw + secret_checksum(raw)), "length") for raw in (short, long)]
    texts += [(SECRET_PREFIX, "length"), ("ssr1_B" + text[6:], "checksum")]
    for bad, check in texts:
        tally.same(f"secret {bad!r}", outcome(decode_secret, bad), ("secret", check))
    for length in (31, 65):
        tally.same(f"encode {length}", outcome(encode_secret, bytes(length)), ("secret", "length"))
        tally.same(f"prk of {length}", outcome(derive_prk, bytes(length))[0], "ValueError")


def states(ring, now, leeway=0):
    return [state for _, state in ring.keys_at(now, leeway, "sid", "").values()]


def test_ring_states(tally):
    root = lambda byte, activate, retire=None, revoked=False: Root(
        bytes([byte]) * 32, 0, activate, retire, revoked
    )
    ring = Ring([root(1, 0, 500), root(2, 100), root(3, 200), root(4, 200, None, True)])
    tally.same("ring at 0", states(ring, 0), ["sealing", "staged", "staged", "revoked"])
    tally.same("ring at 99", states(ring, 99), ["sealing", "staged", "staged", "revoked"])
    tally.same("ring at 100", states(ring, 100), ["accepted", "sealing", "staged", "revoked"])
    tally.same("ring at 499", states(ring, 499), ["accepted", "accepted", "sealing", "revoked"])
    tally.same("ring at 500", states(ring, 500), ["gone", "accepted", "sealing", "revoked"])
    tally.same("no sealing key", states(Ring([root(1, 9)]), 8), ["staged"])
    tally.same("empty ring", states(Ring([]), 8), [])
    broken = {"equal activate_at": [root(1, 5), root(2, 5)]}
    broken["the same secret twice"] = [root(1, 5), root(1, 6)]
    broken["retire_at is not after activate_at"] = [root(1, 5, 5)]
    broken["more than 1024 epochs in the window"] = [Root(bytes(32), 60, 0, None, False)]
    for message, roots in broken.items():
        tally.same(message, outcome(Ring, roots), ("ValueError", message))


def test_ring_refuses(tally):
    token, args = seal(KEY, SALT, b"", BASE), (b"", NOW, LEEWAY, LIFETIME)
    for activate, retire, revoked, want in (
        (0, None, False, "sealing"),
        (NOW + 1, None, False, "staged"),
        (0, NOW + 1, False, "sealing"),
        (0, NOW, False, ("invalid", "key_id")),
        (0, None, True, ("invalid", "key_id")),
    ):
        ring = Ring([Root(bytes(range(32)), 0, activate, retire, revoked)])
        got = outcome(open_token, ring.keys_at(NOW, LEEWAY, "sid", ""), token, *args)
        tally.same(f"ring {activate} {retire} {revoked}", getattr(got, "key_state", got), want)
        got = outcome(open_token, ring.keys_at(NOW, LEEWAY, "sid", "app"), token, *args)
        tally.same("ring: other app", got, ("invalid", "key_id"))


def test_epochs(tally):
    day, root = 86_400_000, Root(bytes(range(32)), 86400, 0, None, False)
    ring = Ring([root], max_ttl_s=2 * 86400)
    epochs = lambda now, leeway: [pair[0] for pair in ring.epochs(root, now, leeway)]
    # Two days of life and one of grace before the epoch of `now`.
    tally.same("window, start of a day", epochs(10 * day, 0), [7, 8, 9, 10])
    tally.same("window, end of a day", epochs(11 * day - 1, 0), [7, 8, 9, 10])
    tally.same("window with leeway", epochs(11 * day - 1, 1), [7, 8, 9, 10, 11])
    tally.same("window at zero", epochs(0, 0), [0])
    tally.same("states", states(ring, 11 * day - 1, 1), ["accepted"] * 3 + ["sealing", "staged"])
    tally.same("window too wide", outcome(states, ring, 0, U64_MAX)[0], "ValueError")
    prk, keys = derive_prk(root.secret), ring.keys_at(10 * day, 0, "sid", "app")
    want = [derive_key_id(derive_sealing_key(prk, "app", "sid", 86400, n)) for n in (7, 8, 9, 10)]
    tally.same("ids of the epochs", list(keys), want)
    for hours, count in ((1, 25), (48, 2)):
        other = replace(root, period_s=hours * 3600)
        tally.same(f"grace, {hours} h", len(states(Ring([other], 0), 10 * day)), count)
    quick = [replace(root, period_s=1000)]
    tally.same("too wide by the leeway", outcome(Ring, quick, 936600, 1)[0], "ValueError")
    tally.same("just not too wide", outcome(Ring, quick, 936599, 1000).max_ttl_s, 936599)
    late = Ring([replace(root, activate_at_ms=11 * day)], max_ttl_s=0)
    tally.same("staged root", states(late, 10 * day), ["staged"] * 2)
    newer = Root(bytes(32), 0, day, None, False)
    older = states(Ring([root, newer], 0), 10 * day, day)
    tally.same("older root", older, ["accepted"] * 2 + ["staged", "sealing"])


def test_protocol(tally):
    for line in (b"", b"[]", b"{", b"\xff\xfe", b'{"op":"no"}', b'{"op":"open"}', b'{"op":"\\ud800"}'):
        tally.same(f"line {line!r}", json.loads(answer_line(line))["error"], "failed")
    for number in ("-1", "1.0", "", " 1", "18446744073709551616"):
        got = answer(open_request("A" * 138, now=number))["error"]
        tally.same(f"number {number!r}", got, "failed")
    bad_times = ["2026-11-20T00:00:00", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z"]
    for text in (*bad_times, "2026-11-20T00:00:60Z", 5, None):
        tally.same(f"time {text!r}", outcome(parse_time_ms, text)[0], "ValueError")
    for text, ms in (("00Z", 0), ("00.5Z", 500), ("00.05Z", 50), ("00.005Z", 5), ("00.000Z", 0)):
        tally.same(f"time {text}", parse_time_ms(f"2026-11-20T00:10:{text}"), 1795133400000 + ms)
    for digits in (".", ".0000", ",5"):
        tally.same(f"time {digits}", outcome(parse_time_ms, f"2026-11-20T00:10:00{digits}Z")[0], "ValueError")


def self_test():
    tally = Tally()
    for known in KNOWN:
        test_known(tally, known)
        test_known_ring(tally, known)
    for test in (
        test_refusals, test_times, test_records, test_secrets,
        test_ring_states, test_ring_refuses, test_epochs, test_protocol,
    ):
        test(tally)
    print(f"sealed_session.py: {tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def main(arguments):
    if arguments == ["serve"]:
        serve()
        return 0
    if arguments:
        print("usage: sealed_session.py [serve]", file=sys.stderr)
        return 2
    return self_test()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
