"""Writes the seeds of `open`, `record`, `ring_file`, `root_secret_text` and `dbsc`, a case each."""

import base64
import hashlib
import itertools
import pathlib
import re
import struct

FUZZ = pathlib.Path(__file__).resolve().parent
SPEC = (FUZZ.parent / "SPEC.md").read_text()
NOW, HOUR = 1_795_000_000_000, 3_600_000


def put(target, name, content):
    folder = FUZZ / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def respell(text):
    """Another last character, which a lenient decoder takes for the same bytes."""
    return text[:-1] + chr(ord(text[-1]) + 1)


def open_seeds():
    tokens = re.findall(r"^token +(\S+)$", SPEC, re.MULTILINE)
    csrf_tokens = re.findall(r"^csrf token +(\S+)$", SPEC, re.MULTILINE)
    for number, (token, csrf_token) in enumerate(zip(tokens, csrf_tokens, strict=True), 1):
        put("open", f"known-answer-{number}", token)
        put("open", f"known-answer-{number}-csrf", csrf_token)
    one, two = tokens
    octets = decode(one)
    header = octets[:41]
    put("open", "tag-changed", encode(octets[:-1] + bytes([octets[-1] ^ 1])))
    put("open", "version-2", encode(b"\2" + octets[1:]))
    put("open", "other-key", encode(octets[:1] + bytes(16) + octets[17:]))
    put("open", "shortest", encode(header + bytes(62)))
    put("open", "too-short", encode(header + bytes(61)))
    put("open", "longest", encode(header + bytes(6144 - 41)))
    put("open", "too-long", encode(header + bytes(6145 - 41)))
    put("open", "padded", one + "=")
    put("open", "line-feed", one + "\n")
    put("open", "trailing-bits", respell(two))
    put("open", "other-alphabet", one.replace("-", "+").replace("_", "/"))
    put("open", "spliced", encode(header + decode(two)[41:]))
    put("open", "not-ascii", one[:70] + "é" + one[71:])


def ssr1(secret):
    return "ssr1_" + encode(secret + hashlib.sha256(b"ssr1_" + secret).digest()[:4])


SECRETS = {length: bytes(range(length)) for length in (32, 33, 34, 48, 64)}
TEXT = ssr1(SECRETS[32])


def root_secret_seeds():
    for length, secret in SECRETS.items():
        put("root_secret_text", f"of-{length}-bytes", ssr1(secret))
    changes = itertools.product(range(5), (0, 7, 52), b"B")
    for name, content in {
        "line-feed": TEXT + "\n",
        "carriage-return": TEXT + "\r\n",
        "two-line-feeds": TEXT + "\n\n",
        "two-secrets": TEXT + "\n" + ssr1(SECRETS[48]),
        "leading-space": " " + TEXT,
        "other-prefix": "ssr2_" + TEXT[5:],
        "of-31-bytes": ssr1(bytes(31)),
        "of-65-bytes": ssr1(bytes(65)),
        "cut-short": TEXT[:30],
        "wrong-checksum": "ssr1_" + encode(SECRETS[32] + bytes(4)),
        "trailing-bits": respell(ssr1(SECRETS[33])),
        "padded": ssr1(SECRETS[33]) + "=",
        "bytes-and-changes": bytes([0]) + SECRETS[32] + bytes(itertools.chain(*changes)),
    }.items():
        put("root_secret_text", name, content)


def key(secret=TEXT, extra="", **members):
    values = {
        "secret": f'"{secret}"',
        "period_s": "0",
        "activate_at": '"1970-01-01T00:00:00Z"',
        "retire_at": "null",
    }
    values |= {"revoked": "false"} | members
    return "{ " + ", ".join(f'"{name}": {value}' for name, value in values.items()) + extra + " }"


def ring(*keys, format="sealed-session-ring/1", max_ttl_s="2592000"):
    max_ttl = f'"max_ttl_s": {max_ttl_s},\n  ' if max_ttl_s else ""
    separator = ",\n            "
    return f'{{ "format": "{format}", {max_ttl}"keys": [ {separator.join(keys)} ] }}\n'


def ring_file_seeds():
    other, long = ssr1(SECRETS[48]), ssr1(SECRETS[64])
    later = '"2026-11-20T00:10:00Z"'
    for name, content in {
        "empty": ring(),
        "one": ring(key()),
        "default-max-ttl": ring(key(), max_ttl_s=None),
        "rotated": ring(
            key(retire_at='"2026-12-21T00:10:00Z"'),
            key(other, created_at='"2026-11-20T00:00:00Z"', activate_at=later),
        ),
        "daily": ring(key(period_s="86400")),
        "three-states": ring(
            key(retire_at='"1999-12-31T23:59:59.999Z"'),
            key(other, activate_at='"1980-02-29T12:00:00.5Z"', revoked="true"),
            key(long, period_s="604800", activate_at='"2100-01-01T00:00:00Z"'),
        ),
        "same-secret": ring(key(), key(activate_at=later)),
        "same-activation": ring(key(), key(other)),
        "same-activation-revoked": ring(key(), key(other, revoked="true")),
        "retires-first": ring(key(activate_at=later, retire_at=later)),
        "window-of-1024": ring(key(period_s="2624")),
        "window-too-large": ring(key(period_s="2623")),
        "short-life": ring(key(period_s="100"), max_ttl_s="3600"),
        "life-of-0": ring(key(), max_ttl_s="0"),
        "longest-life": ring(key(period_s="18446744073709551615"), max_ttl_s="18446744073709551615"),
        "too-large-number": ring(key(), max_ttl_s="18446744073709551616"),
        "float": ring(key(), max_ttl_s="3.6e3"),
        "other-format": ring(key(), format="sealed-session-ring/2"),
        "unknown-member": ring(key(extra=', "note": 1')),
        "member-twice": ring(key(extra=', "revoked": false')),
        "secret-as-name": ring(key(extra=f', "{other}": 1')),
        "secret-as-name-in-backticks": ring(key(extra=f', "`{other}`": 1')),
        "secret-as-name-cut-short": ring(key(extra=f', "{other[:25]}": 1')),
        "secret-as-name-escaped": ring(key(extra=f', "\\u0073{other[1:]}": 1')),
        "secret-cut-short": ring(key(TEXT[:40])),
        "secret-escaped": ring(key("\\u0073" + TEXT[1:])),
        "format-escaped": ring(key(), format="sealed-session-ring\\u002f1"),
        "time-escaped": ring(key(activate_at='"1970-01-01T00:00:00\\u005a"')),
        "name-escaped": ring(key()).replace('"keys"', '"k\\u0065ys"'),
        "trailing-text": ring(key()) + "{}",
        "list": '["sealed-session-ring/1", 1, []]',
        "byte-order-mark": "\ufeff" + ring(key()),
    }.items():
        put("ring_file", name, content)
    for name, time in {
        "no-seconds": "2026-11-20T00:10Z",
        "offset": "2026-11-20T00:10:00+00:00",
        "three-digits": "2026-11-20T00:10:00.123Z",
        "four-digits": "2026-11-20T00:10:00.1230Z",
        "nine-digits": "2026-11-20T00:10:00.123000000Z",
        "comma": "2026-11-20T00:10:00,5Z",
        "compact": "2026-11-20T001000.000Z",
        "leap-second": "2016-12-31T23:59:60Z",
        "1969": "1969-12-31T23:59:59.999Z",
        "last": "9999-12-30T22:00:00.999Z",
        "past-the-last": "9999-12-30T22:00:01Z",
        "no-day": "2025-02-29T00:00:00Z",
    }.items():
        put("ring_file", f"time-{name}", ring(key(activate_at=f'"{time}"')))


def record(
    created=NOW,
    renewed=NOW,
    expires=NOW + HOUR,
    user=b"user",
    data=b'{"a":1}',
    padding=0,
    user_len=None,
    data_len=None,
):
    if user_len is None:
        user_len = 0xFFFF if user is None else len(user)
    fields = struct.pack(">QQQ", created, renewed, expires) + bytes(range(16)) + struct.pack(">H", user_len)
    data_len = len(data) if data_len is None else data_len
    return fields + (user or b"") + struct.pack(">I", data_len) + data + bytes(padding)


def record_seeds():
    end = 2**64 - 1
    records = {
        "user": record(),
        "anonymous": record(user=None, data=b"{}"),
        "empty-user": record(user=b"", data=b""),
        "padded": record(padding=20),
        "padding-not-zero": record(padding=3) + b"\1",
        "user-not-utf8": record(user=b"\xff\xfe"),
        "data-not-utf8": record(data=b"\xc3"),
        "user-overruns": record(user_len=300),
        "data-overruns": record(data_len=8),
        "data-overruns-far": record(data_len=2**32 - 1),
        "truncated": record()[:45],
        "user-ends-in-a-length": record(user_len=12),
        "renewed-before-created": record(created=NOW + 1),
        "expires-at-once": record(expires=NOW),
        "from-first-to-last": record(created=0, renewed=0, expires=end),
        "end-of-time": record(created=end - 1, renewed=end - 1, expires=end),
        "longest": record(data=b"x" * (6144 - 57 - 50)),
        "too-long": record(data=b"x" * (6144 - 57 - 49)),
        "not-ascii": record(user="é".encode(), data='{"é":"☃"}'.encode()),
    }
    for clock, (name, octets) in enumerate(records.items()):
        put("record", name, bytes([clock % 10]) + octets)
    for clock in range(10):
        put("record", f"clock-{clock}", bytes([clock]) + record(renewed=NOW + HOUR // 2, padding=clock))


def dbsc_seeds():
    """`@K`, `@X`, `@Y`, `@R` and `@F` stand for what the target knows: the key, its coordinates, both challenges; `@G`
    stands for a good JWT."""
    refresh = '{"alg":"ES256","typ":"dbsc+jwt"}'
    register = '{"alg":"ES256","jwk":@K,"typ":"dbsc+jwt"}'
    jwk = '{"alg":"ES256","jwk":{"crv":"P-256","kty":"EC","x":"@X","y":"@Y"},"typ":"dbsc+jwt"}'
    of_register, of_refresh = '{"jti":"@R"}', '{"jti":"@F"}'
    lists = {depth: "[" * depth + "]" * depth for depth in (63, 64)}
    signed = {
        "registers": (0, register, of_register, b""),
        "refreshes": (1, refresh, of_refresh, b""),
        "registers-with-a-key-in-full": (0, jwk, of_register, b""),
        "another-order": (0, ' {"typ":"dbsc+jwt","jwk":@K,"alg":"ES256","new":[{}]} ', '{"a":1,"jti":"@R"}', b""),
        "key-at-a-refresh": (1, register, of_refresh, b""),
        "no-key-at-a-registration": (0, refresh, of_register, b""),
        "challenge-of-a-refresh": (0, register, of_refresh, b""),
        "challenge-of-a-registration": (1, refresh, of_register, b""),
        "escaped": (1, r'{"\u0061lg":"ES256","typ":"dbsc\u002bjwt"}', r'{"j\u0074i":"@F"}', b""),
        "twice": (1, '{"alg":"ES256","typ":"dbsc+jwt","typ":"dbsc+jwt"}', of_refresh, b""),
        "unknown-twice": (1, '{"alg":"ES256","new":1,"new":2,"typ":"dbsc+jwt"}', of_refresh, b""),
        "null": (1, '{"alg":null,"typ":null,"crit":null,"jwk":null}', '{"jti":null}', b""),
        "null-jwk": (0, '{"alg":"ES256","jwk":null,"typ":"dbsc+jwt"}', of_register, b""),
        "crit": (1, '{"alg":"ES256","crit":["b64"],"typ":"dbsc+jwt"}', of_refresh, b""),
        "list": (1, '["dbsc+jwt","ES256",null,null]', '["@F"]', b""),
        "half-a-surrogate": (1, r'{"alg":"ES256","\ud800":1,"typ":"dbsc+jwt"}', of_refresh, b""),
        "half-a-surrogate-for-a-challenge": (1, refresh, r'{"jti":"\ud800"}', b""),
        "signature-changed": (1, refresh, of_refresh, b"\0\1"),
        "off-the-curve": (0, jwk.replace("@Y", "@X"), of_register, b""),
        "number": (1, refresh, '{"jti":1e999}', b""),
        "no-challenge": (1, refresh, "{}", b""),
        "no-payload": (1, refresh, "", b""),
        "no-payload-at-a-registration": (0, register, "", b""),
        "header-of-64-levels": (1, f'{{"alg":"ES256","new":{lists[63]},"typ":"dbsc+jwt"}}', of_refresh, b""),
        "header-of-65-levels": (1, f'{{"alg":"ES256","new":{lists[64]},"typ":"dbsc+jwt"}}', of_refresh, b""),
        "payload-of-64-levels": (0, register, f'{{"jti":"@R","new":{lists[63]}}}', b""),
        "payload-of-65-levels": (0, register, f'{{"jti":"@R","new":{lists[64]}}}', b""),
        "brackets-in-a-string": (1, refresh, '{"jti":"@F","new":"' + "[" * 100 + '"}', b""),
        "brackets": (1, "[" * 2800, "", b""),
    }
    for name, (kind, header, payload, changes) in signed.items():
        put("dbsc", name, b"\xff".join([bytes([kind]) + header.encode(), payload.encode(), changes]))
    header, payload = encode(refresh.encode()), encode(b'{"jti":""}')
    for name, text in {
        "text": f"{header}.{payload}.{encode(bytes(64))}",
        "text-quoted": f'"{header}.{payload}.{encode(bytes(64))}"',
        "text-of-four-parts": f"{header}.{payload}..",
        "text-of-two-parts": f"{header}.{payload}",
        "text-padded": f"{header}=.{payload}.",
        "text-without-signature": f"{header}.{payload}.",
        "text-good": "@G",
    }.items():
        put("dbsc", name, b"\2" + text.encode())
        put("dbsc", name + "-at-a-refresh", b"\3" + text.encode())


if __name__ == "__main__":
    open_seeds()
    root_secret_seeds()
    ring_file_seeds()
    record_seeds()
    dbsc_seeds()
