"""Device-bound sessions (docs/device-bound-spec.md): what a server seals, and
what it refuses. Written from the specification alone, as sealed_session.py is,
and a test tool like it.

    python dbsc.py   checks the known answers of that document, exit status 1
                     on a mismatch
"""

import hashlib
import json
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import sealed_session as format_v1
from sealed_session import Record, Refused

MAX_JWT = 4096
MAX_DEPTH = 64
# Of the field of P-256. The library takes coordinates beyond it, and reduces them.
MODULUS = 2**256 - 2**224 + 2**192 + 2**96 - 1
BOUND, PROOF = ";dbsc-bound", ";dbsc-proof"
IDENTIFIER, CHALLENGE = ";dbsc-identifier", ";dbsc-challenge"
HEADER = ("typ", "alg", "crit", "jwk")


class Ends(Exception):
    """The session ends, or (`transient`) this server cannot tell now."""

    def __init__(self, check, outcome="ends"):
        super().__init__(f"{outcome}: {check}")
        self.check = check
        self.outcome = outcome


class Over(Exception):
    """A challenge that the device may exchange for another one."""


def unquoted(value):
    """What stands in a header, without the one pair of quotation marks that it may stand in."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def binding_of(identifier):
    return hashlib.sha256(identifier.encode("ascii")).digest()


def joined(*parts):
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


# JSON ---------------------------------------------------------------------


class Pairs(list):
    """An object as it stands in the text, members that are given twice included."""


def no_constant(name):
    raise ValueError(f"{name} is no JSON")


STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def is_too_deep(text):
    """Whether more objects and arrays are open at once than a reader has to take."""
    depth = 0
    for mark in STRING.sub("", text):
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def members(octets, known, check):
    """Those members of one JSON object that count."""
    try:
        text = octets.decode("utf-8")
        if is_too_deep(text):
            raise ValueError("nested too deeply")
        value = json.loads(text, object_pairs_hook=Pairs, parse_constant=no_constant)
    except ValueError as error:
        raise Ends(check) from error
    return known_of(value, known, check)


def known_of(value, known, check):
    if not isinstance(value, Pairs):
        raise Ends(check)
    if not all(is_sound(name) for name, _ in value):
        raise Ends(check)
    pairs = [(name, member) for name, member in value if name in known]
    if len(dict(pairs)) != len(pairs):
        raise Ends(check)
    return dict(pairs)


def is_sound(text):
    """Whether it has no half of a surrogate pair."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def is_text(value):
    return isinstance(value, str) and is_sound(value)


def check_texts(found, names, check):
    """Of these members, each is a string, null, or not there."""
    if not all(found.get(name) is None or is_text(found[name]) for name in names):
        raise Ends(check)


# JWT ----------------------------------------------------------------------


@dataclass
class Jwt:
    signed: bytes
    header: dict
    payload: bytes
    signature: bytes


def split(value):
    text = unquoted(value)
    if len(text.encode("utf-8")) > MAX_JWT:
        raise Ends("length")
    if text.count(".") != 2:
        raise Ends("parts")
    try:
        header, payload, signature = (format_v1.b64_decode(part) for part in text.split("."))
    except ValueError as error:
        raise Ends("base64") from error
    return Jwt(text.rpartition(".")[0].encode("ascii"), header_of(header), payload, signature)


def header_of(octets):
    header = members(octets, HEADER, "header_json")
    check_texts(header, ("typ", "alg"), "header_json")
    if header.get("typ") != "dbsc+jwt":
        raise Ends("typ")
    if header.get("alg") != "ES256":
        raise Ends("alg")
    if "crit" in header:
        raise Ends("crit")
    return header


def key_of(jwk):
    names = ("kty", "crv", "x", "y")
    found = known_of(jwk, names, "jwk_json")
    if not all(is_text(found.get(name)) for name in names):
        raise Ends("jwk_json")
    if found["kty"] != "EC":
        raise Ends("kty")
    if found["crv"] != "P-256":
        raise Ends("crv")
    return found["x"], found["y"]


def point_of(x, y):
    try:
        octets = [format_v1.b64_decode(text) for text in (x, y)]
    except ValueError as error:
        raise Ends("coordinates") from error
    if [len(coordinate) for coordinate in octets] != [32, 32]:
        raise Ends("coordinates")
    numbers = [int.from_bytes(coordinate, "big") for coordinate in octets]
    if max(numbers) >= MODULUS:
        raise Ends("off_curve")
    try:
        return ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise Ends("off_curve") from error


def challenge_of(jwt, key):
    """The jti, once the signature is known to be the key's."""
    if len(jwt.signature) != 64:
        raise Ends("signature_length")
    r, s = (int.from_bytes(half, "big") for half in (jwt.signature[:32], jwt.signature[32:]))
    try:
        key.verify(encode_dss_signature(r, s), jwt.signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Ends("signature") from error
    payload = members(jwt.payload, ("jti",), "payload_json")
    check_texts(payload, ("jti",), "payload_json")
    if payload.get("jti") is None:
        raise Ends("jti_missing")
    return payload["jti"]


# The server ---------------------------------------------------------------


class Server:
    def __init__(self, ring, app, name, now, leeway, max_lifetime, ttls, random=b"", padding=1):
        self.ring, self.app, self.name, self.now = ring, app, name, now
        self.leeway, self.max_lifetime, self.ttls = leeway, max_lifetime, ttls
        self.random, self.padding = random, padding

    def keys(self, suffix):
        return self.ring.keys_at(self.now, self.leeway, self.name + suffix, self.app)

    def open(self, suffix, text, associated_data=b""):
        clock = self.now, self.leeway, self.max_lifetime, self.longest(suffix)
        coming = self.ring.coming_ids(self.now, self.leeway, self.name + suffix, self.app)
        return format_v1.open_token(self.keys(suffix), text, associated_data, *clock, coming).sealed

    def longest(self, suffix):
        """The maximum TTL of a text: its own."""
        ttls = self.ttls
        own = {
            PROOF: ttls["proof"],
            IDENTIFIER: ttls["identifier"],
            CHALLENGE: max(ttls["challenge"], ttls["registration"]),
        }
        return own.get(suffix, format_v1.U64_MAX)

    def open_data(self, suffix, text, *shapes):
        """A text whose data has one of these shapes: names, and how long their values are."""
        record = self.open(suffix, text)
        for shape in shapes:
            inner = ",".join(f'"{name}":"([A-Za-z0-9_-]*)"' for name in shape)
            found = re.fullmatch("{" + inner + "}", record.data)
            if found:
                return record, read_values(shape, found.groups())
        raise Refused("record_data")

    def draw(self, length):
        drawn, self.random = self.random[:length], self.random[length:]
        if len(drawn) != length:
            raise ValueError("too little was drawn")
        return drawn

    def seal(self, suffix, ttl, user=None, **values):
        """Draws the uid, then the salt."""
        uid, salt = self.draw(16), self.draw(24)
        expires = min(self.now + ttl, self.now + self.max_lifetime)
        record = Record(self.now, self.now, expires, uid, user, data_of(**values))
        key, = [key for key, state in self.keys(suffix).values() if state == "sealing"]
        padding = self.padding if suffix == IDENTIFIER else 0
        return format_v1.seal(key, salt, b"", record, padding)

    def check_seals(self):
        """Whether what is to be made can be made now."""
        if all(state != "sealing" for _, state in self.keys("").values()):
            raise Ends("not_sealed", "transient")

    def offer(self, login):
        return self.seal(CHALLENGE, self.ttls["registration"], register=login)

    def ask(self, binding):
        return self.seal(CHALLENGE, self.ttls["challenge"], refresh=binding)

    def prove(self, binding):
        return self.seal(PROOF, self.ttls["proof"], dbsc=binding)

    def register(self, text, login):
        """The coordinates of the key that signed, in base64url."""
        jwt = split(text)
        if "jwk" not in jwt.header:
            raise Ends("jwk_missing")
        x, y = key_of(jwt.header["jwk"])
        jti = challenge_of(jwt, point_of(x, y))
        try:
            self.check_challenge(jti, "register", login)
        except Over as error:
            cause = error.__cause__
            raise Ends("challenge_expired" if cause.check == "expired" else "challenge") from error
        self.check_seals()
        return format_v1.b64_decode(x), format_v1.b64_decode(y)

    def identify(self, identifier):
        try:
            return self.open_data(IDENTIFIER, identifier, {"x": 32, "y": 32})
        except Refused as refused:
            check = "identifier_expired" if refused.check == "expired" else "identifier"
            raise Ends(check, outcome_of(refused)) from refused

    def refresh(self, identifier, text):
        """The device's record. Raises Over where a challenge is the answer."""
        identifier = unquoted(identifier)
        record, key = self.identify(identifier)
        if text is None:
            self.check_seals()
            raise Over
        jwt = split(text)
        if "jwk" in jwt.header:
            raise Ends("jwk_present")
        numbers = [int.from_bytes(key[name], "big") for name in ("x", "y")]
        public = ec.EllipticCurvePublicNumbers(*numbers, ec.SECP256R1()).public_key()
        jti = challenge_of(jwt, public)
        try:
            self.check_challenge(jti, "refresh", binding_of(identifier))
        except Over:
            self.check_seals()
            raise
        self.check_seals()
        return record

    def check_challenge(self, jti, kind, whose):
        try:
            _, values = self.open_data(CHALLENGE, jti, {"register": 16}, {"refresh": 32})
        except Refused as refused:
            if refused.check == "expired" or self.was_ours(jti):
                raise Over from refused
            raise Ends("challenge", outcome_of(refused)) from refused
        if kind not in values:
            raise Ends("challenge_kind")
        if values[kind] != whose:
            raise Ends("challenge_of_another")

    def was_ours(self, text):
        """Whether its key is in the ring, revoked or gone."""
        try:
            octets = format_v1.decode_text(text)
        except Refused:
            return False
        _, state = self.keys(CHALLENGE).get(octets[1:17], (None, "unknown"))
        return octets[:1] == b"\x01" and state in ("revoked", "gone")

    def csrf_token(self, salt, uid):
        """Of a session, bound or not: by the key of the unbound one's name."""
        key, = [key for key, state in self.keys("").values() if state == "sealing"]
        return format_v1.derive_csrf_token(key, salt, uid)

    def open_bound(self, proof, token, associated_data):
        """Raises Refused, with the text that is meant."""
        try:
            _, values = self.open_data(PROOF, proof, {"dbsc": 32})
        except Refused as refused:
            refused.of = "proof"
            raise
        try:
            return self.open(BOUND, token, joined(associated_data, values["dbsc"]))
        except Refused as refused:
            refused.of = "session"
            raise


def read_values(shape, texts):
    try:
        values = [format_v1.b64_decode(text) for text in texts]
    except ValueError as error:
        raise Refused("record_data") from error
    if [len(value) for value in values] != list(shape.values()):
        raise Refused("record_data")
    return dict(zip(shape, values, strict=True))


def data_of(**values):
    pairs = (f'"{name}":"{format_v1.b64_encode(octets)}"' for name, octets in values.items())
    return "{" + ",".join(pairs) + "}"


def outcome_of(refused):
    """What is over by this server's settings alone ends all the same."""
    return "transient" if refused.transient and refused.check != "expired" else "ends"


# Self test ----------------------------------------------------------------

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "device-bound-spec.md"
COLUMN = 15  # where a value begins
NAMES = ("moved device", "unbound form", "left device", "given form")
TTLS = {"proof": 600_000, "challenge": 1_200_000, "registration": 60_000, "identifier": 30 * 86_400_000}


def known_answers():
    """The values of each subsection of section 10, by its name."""
    answers = DOCUMENT.read_text("utf-8").partition("\n## 10. Known answers\n")[2]
    for part in answers.split("\n### 10.")[1:]:
        title = part.partition("\n")[0].partition(" ")[2]
        lines = part.split("```\n")[1].splitlines()
        yield title, {line[:COLUMN].rstrip(): line[COLUMN:] for line in lines}


def drawn(*answers):
    return b"".join(bytes.fromhex(answer[name]) for answer in answers for name in ("uid", "salt"))


def test_texts(tally, known):
    """Those that are sealed."""
    keys = known["Keys"]
    prk = format_v1.derive_prk(bytes.fromhex(keys["root secret"]))
    for title, answer in known.items():
        if "token" not in answer:
            continue
        key = format_v1.derive_sealing_key(prk, keys["app"], answer["name"])
        user = None if answer["user id"] == "(anonymous)" else answer["user id"]
        times = [int(answer[name]) for name in ("created", "renewed", "expires")]
        record = Record(*times, bytes.fromhex(answer["uid"]), user, answer["data"])
        salt, associated_data = (bytes.fromhex(answer[name]) for name in ("salt", "assoc. data"))
        token = format_v1.seal(key, salt, associated_data, record)
        tally.same(f"{title}: sealing key", key.hex(), answer["sealing key"])
        tally.same(f"{title}: key id", format_v1.derive_key_id(key).hex(), answer["key id"])
        tally.same(f"{title}: record", format_v1.encode_record(record).hex(), answer["record"])
        tally.same(f"{title}: token", token, answer["token"])


def test_steps(tally, known):
    """What a server makes of what the device signs."""
    keys, login = known["Keys"], bytes.fromhex(known["Bound session"]["uid"])
    offered, registration = known["Challenge at a registration"], known["JWT of the registration"]
    identifier, proof, challenge = (known[name] for name in ("Identifier", "Proof", "Challenge for a refresh"))
    root = format_v1.Root(bytes.fromhex(keys["root secret"]), 0, 0, None, False)

    def server(now, *answers):
        limits = 60_000, 30 * 86_400_000
        ring = format_v1.Ring([root])
        return Server(ring, keys["app"], keys["name"], int(now), *limits, TTLS, drawn(*answers))

    tally.same("offered", server(offered["created"], offered).offer(login), offered["token"])
    made_by = server(identifier["created"], identifier, proof, challenge)
    x, y = made_by.register(registration["jwt"], login)
    tally.same("key", (x.hex(), y.hex()), (keys["x"], keys["y"]))
    made = made_by.seal(IDENTIFIER, TTLS["identifier"], identifier["user id"], x=x, y=y)
    binding = binding_of(made)
    tally.same("identifier", made, identifier["token"])
    tally.same("binding", binding.hex(), identifier["binding"])
    tally.same("proof", made_by.prove(binding), proof["token"])
    tally.same("challenge", made_by.ask(binding), challenge["token"])
    refreshed = server(int(challenge["expires"]) - 1).refresh(made, known["JWT of a refresh"]["jwt"])
    tally.same("refreshed", refreshed.uid.hex(), identifier["uid"])
    test_bound(tally, known, server(proof["created"]), binding)


def test_bound(tally, known, server, binding):
    bound, pending, csrf = (known[name] for name in ("Bound session", "Pending bound session", "CSRF token"))
    opened = server.open_bound(known["Proof"]["token"], bound["token"], b"tenant-7")
    tally.same("bound", opened.data, bound["data"])
    opened = server.open(BOUND, pending["token"], joined(b"tenant-7", binding, b"pending"))
    tally.same("pending", opened.data, pending["data"])
    made = server.csrf_token(bytes.fromhex(csrf["salt"]), opened.uid)
    tally.same("CSRF token", made, csrf["csrf token"])


def test_names(tally, known):
    answer = known["Names in a list of revoked sessions"]
    for name in NAMES:
        of = answer["binding" if name.endswith("device") else "uid"]
        digest = hashlib.sha256(f"sealed-session/v1 {name}".encode() + bytes.fromhex(of)).digest()[:16]
        if name == "given form":
            digest = b"till" + digest[4:]
        tally.same(name, digest.hex(), answer[name])


def self_test():
    tally, known = format_v1.Tally(), dict(known_answers())
    for test in (test_texts, test_steps, test_names):
        test(tally, known)
    print(f"dbsc.py: {tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(self_test())
