"""What each kind of test vector asks for. A check raises when the answer is
another one."""

import json

import accumulated
import cookies
import dbsc
import operations
import sealed_session as format_v1
from operations import NotSealed
from sealed_session import Record, Refused, RingError, SecretError


class Mismatch(Exception):
    def __init__(self, what, expected, got):
        super().__init__(f"{what}: expected {expected!r}, got {got!r}")


def same(what, got, expected):
    if got != expected:
        raise Mismatch(what, expected, got)


def number(vector, name):
    return format_v1.decimal_u64(vector[name])


def raw(vector, name):
    return bytes.fromhex(vector[name])


def text(value):
    """Text, or the short form of a letter that repeats."""
    return value["repeat"] * value["times"] if isinstance(value, dict) else value


def refusal(call, *arguments):
    """(outcome, check, transient) of what a call refuses, or None."""
    try:
        call(*arguments)
    except (Refused, NotSealed) as refused:
        return refused.outcome, refused.check, refused.transient
    except dbsc.Ends as refused:
        return refused.outcome, refused.check, False
    except dbsc.Over:  # a challenge is no refusal
        return None
    except (SecretError, RingError) as refused:
        return "invalid", refused.check, False
    return None


def told(vector):
    return vector.get("outcome", "invalid"), vector["check"], vector.get("transient", False)


def check_refused(vector, call):
    """Refused for the one reason, and not once that is repaired."""
    same("check", refusal(call, vector), told(vector))
    same("repaired", refusal(call, repaired(vector)), repaired_outcome(vector))


def repaired(vector):
    (name, value), = vector["repair"].items()
    if vector.get(name) == value:
        raise Mismatch("repair", f"another {name}", value)
    return vector | vector["repair"]


def repaired_outcome(vector):
    then = vector.get("then")
    return told(then) if then else None


# Root secrets and derivation ----------------------------------------------


def secret_text(vector):
    secret = format_v1.decode_secret(vector["text"])
    same("secret", secret.hex(), vector["secret"])
    same("text", format_v1.encode_secret(secret), vector["text"].removesuffix("\n"))
    same("root id", format_v1.derive_root_id(format_v1.derive_prk(secret)).hex(), vector["root_id"])


def secret_text_refused(vector):
    check_refused(vector, lambda vector: format_v1.decode_secret(vector["text"]))


def sealing_key(vector, prk):
    names = text(vector["app"]), text(vector["name"])
    return format_v1.derive_sealing_key(prk, *names, number(vector, "period_s"), number(vector, "epoch"))


def derivation(vector):
    prk = format_v1.derive_prk(raw(vector, "secret"))
    key, salt = sealing_key(vector, prk), raw(vector, "salt")
    csrf_token = format_v1.derive_csrf_token(key, salt, raw(vector, "uid"))
    same("prk", prk.hex(), vector["prk"])
    same("root id", format_v1.derive_root_id(prk).hex(), vector["root_id"])
    same("sealing key", key.hex(), vector["sealing_key"])
    same("key id", format_v1.derive_key_id(key).hex(), vector["key_id"])
    same("message key", format_v1.derive_message_key(key, salt).hex(), vector["message_key"])
    same("csrf token", csrf_token, vector["csrf_token"])
    same("csrf mac", format_v1.b64_decode(csrf_token)[40:].hex(), vector["csrf_mac"])
    if "context" in vector:
        info = format_v1.LABEL + b"sealing key" + raw(vector, "context")
        same("context", format_v1.hkdf_expand(prk, info, 32), key)


def derivation_refused(vector):
    # The implementation does not name the input that it refuses; each has its
    # own place to be refused at.
    def call(vector):
        check = "secret"
        try:
            prk = format_v1.derive_prk(raw(vector, "secret"))
            for check in ("app", "name"):
                format_v1.prefixed(text(vector[check]))
            sealing_key(vector, prk)
        except (ValueError, format_v1.struct.error) as error:
            raise Refused(check) from error

    check_refused(vector, call)


def join(vector):
    parts = [bytes.fromhex(part) for part in vector["parts"]]
    joined = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    same("joined", joined.hex(), vector["joined"])


# Sealing and opening ------------------------------------------------------


def seal(vector):
    times = [number(vector, f"{name}_at_ms") for name in ("created", "renewed", "expires")]
    record = Record(*times, raw(vector, "uid"), vector["user"], vector["data"])
    plaintext = format_v1.encode_record(record) + bytes(vector["padding"])
    if "record" in vector:
        same("record", plaintext.hex(), vector["record"])
    key = sealing_key(vector, format_v1.derive_prk(raw(vector, "secret")))
    token = format_v1.seal_raw(key, raw(vector, "salt"), raw(vector, "ad"), plaintext)
    same("token", token, vector["token"])


def ring_at(vector):
    """A ring, and what its keys are asked with."""
    now, leeway = number(vector, "now"), number(vector, "leeway_ms")
    return format_v1.parse_ring(vector["ring"], leeway), (now, leeway, vector["name"], vector["app"])


def keys_of(vector):
    ring, asked = ring_at(vector)
    return ring.keys_at(*asked)


def opened(vector):
    return open_text(vector, vector["token"])


def open_text(vector, token):
    ring, asked = ring_at(vector)
    limits = [number(vector, name) for name in ("now", "leeway_ms", "max_lifetime_ms", "max_ttl_ms")]
    keys, coming = ring.keys_at(*asked), ring.coming_ids(*asked)
    return format_v1.open_token(keys, token, raw(vector, "ad"), *limits, coming)


def open_valid(vector):
    session = opened(vector)
    record = session.record
    got = {"uid": record.uid.hex(), "user": record.user, "data": record.data}
    got |= {f"{name}_at_ms": str(getattr(record, name)) for name in ("created", "renewed", "expires")}
    got |= {"key_id": session.key_id.hex(), "key_state": session.key_state}
    same("opened", got, vector["opened"])
    same("sealed again", sealed_again(vector, session), vector["token"])


def sealed_again(vector, session):
    """What was opened, sealed under the same key and salt."""
    octets = format_v1.b64_decode(vector["token"])
    plaintext = format_v1.encode_record(session.sealed).ljust(len(octets) - 57, b"\0")
    key, _ = keys_of(vector)[session.key_id]
    return format_v1.seal_raw(key, octets[17:41], raw(vector, "ad"), plaintext)


def open_refused(vector):
    check_refused(vector, opened)
    if "record" in vector:
        tokens = [*sealed_by(vector), *sealed_by(repaired(vector) | {"token": vector["token"]})]
        same("really sealed", vector["token"] in tokens, True)


def sealed_by(vector):
    """The record of a vector, sealed under each key of its ring."""
    octets = format_v1.b64_decode(vector["token"])
    for key, _ in keys_of(vector).values():
        yield format_v1.seal_raw(key, octets[17:41], raw(vector, "ad"), raw(vector, "record"))


# Cookies ------------------------------------------------------------------


def cookies_found(vector):
    open_record = lambda token: open_text(vector, token).record
    return cookies.find(vector["headers"], vector["name"], vector["in_two"], open_record)


def cookies_session(vector):
    same("token", cookies_found(vector), vector["token"])


def cookies_unclear(vector):
    try:
        found = cookies_found(vector)
    except cookies.Unclear:
        return
    raise Mismatch("found", "no telling which is meant", found)


# CSRF tokens --------------------------------------------------------------


def csrf_taken(vector):
    """Section 13."""
    token = vector["csrf_token"]
    if len(token.encode("utf-8")) != 96:
        raise Refused("length")
    try:
        octets = format_v1.b64_decode(token)
    except ValueError as error:
        raise Refused("base64") from error
    key, _ = format_v1.find_key(keys_of(vector), octets[:16])
    expected = format_v1.derive_csrf_token(key, octets[16:40], raw(vector, "uid"))
    if not format_v1.hmac.compare_digest(format_v1.b64_decode(expected)[40:], octets[40:]):
        raise Refused("mac")


def csrf_made(vector):
    key, = [key for key, state in keys_of(vector).values() if state == "sealing"]
    token = format_v1.derive_csrf_token(key, raw(vector, "salt"), raw(vector, "uid"))
    same("csrf token", token, vector["csrf_token"])
    csrf_taken(vector)


def csrf_refused(vector):
    check_refused(vector, csrf_taken)


# Rings --------------------------------------------------------------------


def ring_keys(vector):
    now, leeway = number(vector, "now"), number(vector, "leeway_ms")
    ring = format_v1.parse_ring(vector["ring"], leeway)
    root_states, epochs, keys = [], [], []
    for root in ring.roots:
        prk = format_v1.derive_prk(root.secret)
        of_root = list(ring.epochs(root, now, leeway))
        epochs.append({"first": str(of_root[0][0]), "last": str(of_root[-1][0])})
        state = ring.root_state(root, now)
        seals = "sealing" if root is ring.sealing_root(now) else "accepted"
        root_states.append(seals if state == "active" else state)
        for epoch, state in of_root:
            key = format_v1.derive_sealing_key(prk, vector["app"], vector["name"], root.period_s, epoch)
            names = {"root_id": format_v1.derive_root_id(prk), "key_id": format_v1.derive_key_id(key)}
            names = {name: octets.hex() for name, octets in names.items()}
            keys.append(names | {"epoch": str(epoch), "state": state})
    same("root states", root_states, vector["root_states"])
    same("epochs", epochs, vector["epochs"])
    same("keys", keys, vector["keys"])
    sealing = [key["key_id"] for key in keys if key["state"] == "sealing"]
    same("sealing", sealing, [vector["sealing"]] if vector["sealing"] else [])
    same("keys by id", [id.hex() for id in keys_of(vector)], [key["key_id"] for key in keys])


def loaded(vector):
    return format_v1.parse_ring_text(vector["ring_text"], number(vector, "leeway_ms"))


def ring_file(vector):
    ring = loaded(vector)
    same("longest TTL", str(ring.max_ttl_s), vector["max_ttl_s"])
    # When a secret was made is not kept: nothing depends on it.
    files = json.loads(vector["ring_text"])["keys"]
    roots = [describe(root, file.get("created_at")) for root, file in zip(ring.roots, files, strict=True)]
    same("roots", roots, vector["roots"])


def describe(root, created_at):
    decimal = lambda ms: None if ms is None else str(ms)
    return {
        "root_id": format_v1.derive_root_id(format_v1.derive_prk(root.secret)).hex(),
        "period_s": str(root.period_s),
        "created_at_ms": decimal(created_at and format_v1.parse_time_ms(created_at)),
        "activate_at_ms": str(root.activate_at_ms),
        "retire_at_ms": decimal(root.retire_at_ms),
        "revoked": root.revoked,
    }


def ring_refused(vector):
    check_refused(vector, loaded)


# Device-bound sessions ----------------------------------------------------


def dbsc_server(vector):
    now, leeway, max_lifetime = (number(vector, name) for name in ("now", "leeway_ms", "max_lifetime_ms"))
    ring = format_v1.parse_ring(vector["ring"], leeway)
    ttls = {name: number(vector, f"{name}_ttl_ms") for name in ("proof", "challenge", "registration")}
    ttls["identifier"] = number(vector, "identifier_lifetime_ms")
    random = raw(vector, "random") if "random" in vector else b""
    settings = ttls, random, vector.get("padding", 1)
    return dbsc.Server(ring, vector["app"], vector["name"], now, leeway, max_lifetime, *settings)


def dbsc_offered(vector):
    same("challenge", dbsc_server(vector).offer(raw(vector, "login_uid")), vector["challenge"])


def dbsc_register(vector):
    server = dbsc_server(vector)
    return server, server.register(vector["jwt"], raw(vector, "login_uid"))


def dbsc_registered(vector):
    server, (x, y) = dbsc_register(vector)
    lifetime = number(vector, "identifier_lifetime_ms")
    same("uid", server.random[:16].hex(), vector["uid"])
    identifier = server.seal(";dbsc-identifier", lifetime, vector["user"], x=x, y=y)
    same("identifier", identifier, vector["identifier"])
    same("binding", dbsc.binding_of(identifier).hex(), vector["binding"])
    dbsc_next(server, vector)


def dbsc_next(server, vector):
    """The proof and the next challenge, and nothing more is drawn."""
    binding = raw(vector, "binding")
    same("proof", server.prove(binding), vector["proof"])
    same("challenge", server.ask(binding), vector["challenge"])
    same("left of what was drawn", server.random, b"")


def dbsc_refresh(vector):
    server = dbsc_server(vector)
    return server, server.refresh(vector["identifier"], vector["jwt"])


def dbsc_proven(vector):
    server, record = dbsc_refresh(vector)
    got = {"uid": record.uid.hex(), "user": record.user, "registered_at_ms": str(record.created)}
    same("device", got, {name: vector[name] for name in got})
    same("binding", dbsc.binding_of(dbsc.unquoted(vector["identifier"])).hex(), vector["binding"])
    dbsc_next(server, vector)


def dbsc_asked(vector):
    try:
        dbsc_refresh(vector)
    except dbsc.Over:
        challenge = dbsc_server(vector).ask(dbsc.binding_of(dbsc.unquoted(vector["identifier"])))
        same("challenge", challenge, vector["challenge"])
    else:
        raise Mismatch("answer", "a challenge", "a proof")


def dbsc_open(vector):
    return dbsc_server(vector).open_bound(vector["proof"], vector["token"], raw(vector, "ad"))


def dbsc_bound(vector):
    record = dbsc_open(vector)
    got = {"uid": record.uid.hex(), "user": record.user, "data": record.data}
    same("session", got, {name: vector[name] for name in got})


def dbsc_csrf(vector):
    record, server = dbsc_open(vector), dbsc_server(vector)
    same("csrf token", server.csrf_token(server.draw(24), record.uid), vector["csrf_token"])


def dbsc_bound_refused(vector):
    try:
        dbsc_open(vector)
    except Refused as refused:
        same("refused", (refused.of, refused.check), (vector["of"], vector["check"]))
        dbsc_open(repaired(vector))
    else:
        raise Mismatch("answer", vector["check"], "opened")


# Operations ---------------------------------------------------------------


def operation(vector):
    settings = ("leeway_ms", "max_lifetime_ms", "default_ttl_ms", "max_ttl_ms")
    numbers = [number(vector, name) for name in settings]
    ring = format_v1.parse_ring(vector["ring"], numbers[0])
    names, sizes = (vector["app"], vector["name"]), (vector["padding"], vector["max_token_chars"])
    sealer = operations.Sealer(ring, *names, *numbers, *sizes)
    asked = operations.Asked(
        op=vector["op"],
        now=number(vector, "now"),
        ad=raw(vector, "ad"),
        salt=raw(vector, "salt"),
        uid=raw(vector, "uid") if "uid" in vector else None,
        token=vector.get("token"),
        ttl=number(vector, "ttl_ms") if "ttl_ms" in vector else None,
        user=text(vector.get("user")),
        data=text(vector.get("data")),
        keep=vector.get("keep", []),
    )
    return operations.run(sealer, asked)


def operation_done(vector):
    sealed = operation(vector)
    same("sealed", sealed, vector["sealed"])
    if sealed is not None:
        same("record", sealed in sealed_by(vector | {"token": sealed}), True)


def operation_refused(vector):
    check_refused(vector, operation)
    if vector["check"] == "size":
        try:
            operation(vector)
        except NotSealed as error:
            same("sizes", error.more, {name: vector[name] for name in ("needed", "allowed")})


# The accumulated vector ---------------------------------------------------

ACCUMULATION = accumulated.Accumulation()


def accumulated_hash(vector):
    same("key of the stream", ACCUMULATION.key.hex(), vector["key"])
    same("hash", ACCUMULATION.hash_of(vector["count"]), vector["sha256"])


def accumulated_session(vector):
    seal(vector)
    session = ACCUMULATION.session(vector["index"])
    got = {"secret": session.secret.hex(), "app": session.app, "name": session.name}
    got |= {"period_s": str(session.period_s), "epoch": str(session.epoch), "salt": session.salt.hex()}
    got |= {"ad": session.ad.hex(), "uid": session.record.uid.hex(), "padding": session.padding}
    got |= {"user": session.record.user, "data": session.record.data}
    times = ("created", "renewed", "expires")
    got |= {f"{name}_at_ms": str(getattr(session.record, name)) for name in times}
    same("session", got, {name: vector[name] for name in got})


FILES = {
    "root_secret_text.json": {"RootSecretText": secret_text, "RootSecretTextRefused": secret_text_refused},
    "derivation.json": {
        "Derivation": derivation, "DerivationRefused": derivation_refused, "Join": join,
    },
    "seal.json": {"Seal": seal},
    "open_valid.json": {"SealedSessionOpen": open_valid},
    "open_invalid.json": {"SealedSessionOpenRefused": open_refused},
    "open_order.json": {"SealedSessionOpenOrder": open_refused},
    "cookies.json": {
        "CookiesFound": cookies_session,
        "CookiesRefused": lambda vector: same("check", refusal(cookies_found, vector), told(vector)),
        "CookiesUnclear": cookies_unclear,
    },
    "csrf.json": {"CsrfMade": csrf_made, "CsrfTaken": csrf_taken, "CsrfRefused": csrf_refused},
    "dbsc.json": {
        "DbscOffered": dbsc_offered,
        "DbscRegistered": dbsc_registered,
        "DbscRegistrationRefused": lambda vector: check_refused(vector, dbsc_register),
        "DbscRegistrationOrder": lambda vector: check_refused(vector, dbsc_register),
        "DbscProven": dbsc_proven,
        "DbscAsked": dbsc_asked,
        "DbscRefreshRefused": lambda vector: check_refused(vector, dbsc_refresh),
        "DbscRefreshOrder": lambda vector: check_refused(vector, dbsc_refresh),
        "DbscBound": dbsc_bound,
        "DbscBoundRefused": dbsc_bound_refused,
        "DbscCsrf": dbsc_csrf,
    },
    "ring.json": {"RingKeys": ring_keys, "RingFile": ring_file, "RingRefused": ring_refused},
    "operations.json": {
        "OperationDone": operation_done,
        "OperationRefused": operation_refused,
        "OperationOrder": operation_refused,
    },
    "accumulated.json": {
        "Accumulated": accumulated_hash, "AccumulatedSession": accumulated_session,
    },
}
