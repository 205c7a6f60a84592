"""The sessions of accumulated.json, drawn as ../README.md describes."""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

import sealed_session as format_v1
from sealed_session import Record, Ring, Root

SEED = b"sealed-session/v1 accumulated vector"
STREAM_LEN = 768
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 .,:;+-_/{}[]&<>='éßΩжא中क€😀𝄞"
PERIODS = (0, 0, 0, 0, 86400, 604800, 2592000, 7776000)
DEFAULT_LIFETIME = 30 * 86_400_000
DEFAULT_LEEWAY = 60_000


class Stream:
    """The bytes of one session, from the first on."""

    def __init__(self, cipher, index):
        nonce = bytes(4) + index.to_bytes(8, "big")
        # Zeros encrypt to the key stream from block 1 on; the tag is dropped.
        self.rest = cipher.encrypt(nonce, bytes(STREAM_LEN), None)[:STREAM_LEN]

    def take(self, count):
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self, letters):
        return "".join(LETTERS[byte % 64] for byte in self.take(letters))


@dataclass(frozen=True)
class Session:
    secret: bytes
    app: str
    name: str
    period_s: int
    epoch: int
    salt: bytes
    ad: bytes
    record: Record
    padding: int

    def sealing_key(self):
        prk = format_v1.derive_prk(self.secret)
        return format_v1.derive_sealing_key(prk, self.app, self.name, self.period_s, self.epoch)

    def seal(self, key):
        plaintext = format_v1.encode_record(self.record) + bytes(self.padding)
        return format_v1.seal_raw(key, self.salt, self.ad, plaintext)

    def ring_keys(self):
        """The keys of a server whose ring is this root."""
        ring = Ring([Root(self.secret, self.period_s, 0, None, False)], leeway=DEFAULT_LEEWAY)
        return ring.keys_at(self.record.renewed, DEFAULT_LEEWAY, self.name, self.app)

    def check_opens(self, keys, token):
        """Opened when it was renewed, with the defaults of section 12."""
        opened = format_v1.open_token(
            keys, token, self.ad, self.record.renewed, DEFAULT_LEEWAY, DEFAULT_LIFETIME
        )
        if opened.sealed != self.record or opened.key_state != "sealing":
            raise ValueError("it opens as another session")


def draw(cipher, index):
    stream = Stream(cipher, index)
    secret = stream.take(32 + stream.number(1) % 33)
    app = stream.text(stream.number(1) % 13)
    name = f"s{stream.number(2)}"
    period_s = PERIODS[stream.number(1) % 8]
    created = 1_600_000_000_000 + stream.number(8) % 400_000_000_000
    renewed = created + stream.number(4) % 86_400_000
    expires = renewed + 1 + stream.number(4) % 2_592_000_000
    salt, uid = stream.take(24), stream.take(16)
    ad = stream.take(stream.number(1) % 33)
    user = None if stream.number(1) % 4 == 0 else stream.text(stream.number(1) % 41)
    member = stream.text(stream.number(1) % 16)
    data = f'{{"{member}":"{stream.text(stream.number(2) % 500)}"}}'
    padding = stream.number(1) % 64
    epoch = renewed // 1000 // period_s if period_s else 0
    record = Record(created, renewed, expires, uid, user, data)
    return Session(secret, app, name, period_s, epoch, salt, ad, record, padding)


class Accumulation:
    """Makes tokens and opens them again, and tells the hash of the first so many."""

    def __init__(self):
        self.key = hashlib.sha256(SEED).digest()
        self.cipher = ChaCha20Poly1305(self.key)
        self.hash = hashlib.sha256()
        self.made = 0

    def session(self, index):
        return draw(self.cipher, index)

    def hash_of(self, count):
        if count < self.made:
            raise ValueError("counts must not fall")
        while self.made < count:
            self.make(self.made)
            self.made += 1
        return self.hash.hexdigest()

    def make(self, index):
        session = self.session(index)
        key = session.sealing_key()
        token = session.seal(key)
        self.hash.update(token.encode("ascii") + b"\n")
        # Every tenth goes through a ring; the others name their key themselves.
        alone = {format_v1.derive_key_id(key): (key, "sealing")}
        session.check_opens(alone if index % 10 else session.ring_keys(), token)
