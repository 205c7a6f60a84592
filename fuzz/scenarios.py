"""Writes the scenarios among the seeds of `store`, as the target's derived `Arbitrary` reads them.

Run it again when an enum of `fuzz_targets/store.rs` changes, and look at the outcome with
`cargo fuzz fmt store fuzz/seeds/store/rotation`.
"""

import pathlib
import struct

FOLDER = pathlib.Path(__file__).resolve().parent / "seeds" / "store"
# Indexes of the tables of the target.
SETUP = ("default_ttl", "max_ttl", "lifetime", "leeway", "padding", "max_chars", "ring_max_ttl", "period")
MONTH, HOUR, SECOND = 1, 2, 5


def variants(names):
    """For each variant of an enum, by its name, a function that writes it."""
    names = names.split()
    tags = [struct.pack("<I", -(-(at << 32) // len(names))) for at in range(len(names))]
    return type("Enum", (), {name: staticmethod(writer(tag)) for name, tag in zip(names, tags, strict=True)})


def writer(tag):
    return lambda *fields: tag + joined(fields)


def joined(fields):
    return b"".join(field if isinstance(field, bytes) else bytes([field]) for field in fields)


def u16(number):
    return struct.pack("<H", number)


def some(*fields):
    return b"\1" + joined(fields)


# Variants that hold a `String` are left out: its length would stand at the other end of the input.
NONE = b"\0"
Op = variants(
    "Create Open Update Touch Reseal Cycle Authenticate Delete Foreign Remaining MakeCsrf CheckCsrf AddRoot"
    " RevokeRoot PruneRoots ReplaceRing Clock Randomness"
)
Tenant = variants("None_ One Another")
User = variants("Text Len AroundTheMost")
Data = variants("Empty Text Member Len")
Ttl = variants("Default Table Ms")
When = variants("Now In Ago InMs AgoMs Zero Last")
Step = variants("To Token Root Epoch End")
Edge = variants("Renewed Leeway Expires Lifetime")

USER = some(User.Len(u16(5)))
MEMBER = Data.Member(u16(1), u16(2))


def scenario(name, *operations, **setup):
    """Operations, and lists of them, on a store with these settings; the first of each table otherwise."""
    flat = []
    for operation in operations:
        flat += operation if isinstance(operation, list) else [operation]
    assert len(flat) <= 64 and set(setup) <= set(SETUP), name
    chosen = bytes(setup.get(setting, 0) for setting in SETUP)
    (FOLDER / name).write_bytes(chosen + b"".join(some(operation) for operation in flat))


def create(user=NONE, data=None, ttl=None, tenant=None):
    return Op.Create(user, data or Data.Empty(), ttl or Ttl.Default(), tenant or Tenant.None_())


def touch(token, ttl=None):
    return Op.Touch(token, NONE, ttl or Ttl.Default())


def look(*tokens):
    return [Op.Open(token, NONE) for token in tokens]


def clock(when):
    return Op.Clock(Step.To(when))


def at_edge(edge, token=0):
    """Every way to use a token, the millisecond before an edge of it and at the edge."""
    use = [*look(token), Op.Update(token, NONE, Data.Empty()), touch(token), Op.Reseal(token, NONE)]
    return [op for before in (1, 0) for op in (Op.Clock(Step.Token(token, edge, before)), *use)]


def at_root(root, retire, *operations):
    """Operations the millisecond before a root activates or retires, and when it does."""
    return [op for before in (1, 0) for op in (Op.Clock(Step.Root(root, retire, before)), *operations)]


def new_root(secret, period, activate, retire=NONE, revoked=0):
    return some(secret, period, activate, retire, revoked)


def replace_ring(*roots):
    return Op.ReplaceRing(*roots, NONE, 0)


CHANGES = [
    Op.Update(0, NONE, MEMBER),
    touch(0, Ttl.Table(HOUR)),
    Op.Reseal(0, NONE),
    Op.Cycle(0, NONE),
    Op.Authenticate(0, NONE, User.Len(u16(7))),
    Op.Delete(0),
]
CSRF = Op.CheckCsrf(0, 0)


def sessions():
    scenario(
        "life", create(USER, MEMBER), CHANGES, Op.MakeCsrf(0), CSRF, Op.CheckCsrf(0, 4), look(0, 1, 2, 3)
    )
    scenario(
        "associated-data",
        create(tenant=Tenant.One()),
        look(0),
        Op.Open(0, some(Tenant.Another())),
        Op.Touch(0, some(Tenant.None_()), Ttl.Default()),
        CHANGES,
        create(),
        Op.Open(6, some(Tenant.One())),
    )
    scenario("no-randomness", create(), Op.Randomness(1), create(), CHANGES, Op.MakeCsrf(0), look(0))


def times():
    scenario("expires", create(ttl=Ttl.Table(HOUR)), at_edge(Edge.Expires()), max_ttl=1)
    scenario("lifetime", create(ttl=Ttl.Table(MONTH)), at_edge(Edge.Lifetime()), max_ttl=1, lifetime=2)
    scenario(
        "lifetime-touched",
        create(),
        clock(When.In(u16(20))),
        touch(0, Ttl.Table(MONTH)),
        at_edge(Edge.Expires(), 1),
        at_edge(Edge.Lifetime(), 1),
        max_ttl=1,
        lifetime=2,
    )
    scenario("leeway", clock(When.In(u16(1))), create(USER), at_edge(Edge.Leeway()), at_edge(Edge.Renewed()))
    scenario(
        "clock-behind",
        create(),
        clock(When.AgoMs(u16(30_000))),
        touch(0, Ttl.Table(SECOND)),
        look(1),
        touch(1, Ttl.Table(MONTH)),
        CHANGES,
        leeway=3,
    )
    scenario(
        "end-of-time",
        create(),
        Op.Clock(Step.End(2)),
        create(),
        Op.Clock(Step.End(1)),
        create(),
        CHANGES,
        Op.Clock(Step.End(0)),
        create(),
        clock(When.Zero()),
        create(),
        look(0),
    )


def sizes():
    lengths = (0, 1, 2, 30, 900, 2900, 2950, 3000, 6000)
    operations = [create(data=Data.Len(u16(length))) for length in lengths]
    operations += [Op.Remaining(NONE, MEMBER), Op.Remaining(USER, MEMBER)]
    scenario("sizes", operations)
    scenario("sizes-padded", operations, padding=4)
    scenario("sizes-padded-far", operations, padding=6, max_chars=1)
    scenario("sizes-least", operations, max_chars=2)
    scenario("sizes-small", operations, padding=3, max_chars=7)
    scenario("users", *[create(some(User.AroundTheMost(more))) for more in range(4)], max_chars=1)


def rotations():
    rotation = [
        create(USER, ttl=Ttl.Table(MONTH)),
        Op.MakeCsrf(0),
        Op.AddRoot(1, 0, When.In(u16(1))),
        *look(0),
        create(),
        *at_root(1, 0, create(), *look(0, 1)),
        touch(3, Ttl.Table(MONTH)),
        Op.Reseal(0, NONE),
        CSRF,
        *at_root(0, 1, *look(0), CSRF),
        Op.PruneRoots(),
        *look(0),
        CSRF,
        create(),
    ]
    scenario("rotation", rotation, max_ttl=1)
    scenario("rotation-of-short-lives", rotation, max_ttl=1, ring_max_ttl=2)
    scenario("rotation-of-a-daily-root", rotation, max_ttl=1, period=1)
    scenario("rotation-in-the-past", create(), Op.AddRoot(1, 0, When.Ago(u16(1000))), look(0), create())
    scenario(
        "revocation",
        create(USER),
        Op.MakeCsrf(0),
        Op.AddRoot(1, 0, When.Now()),
        create(),
        Op.RevokeRoot(0, 0),
        look(0, 1),
        CSRF,
        Op.RevokeRoot(1, 0),
        Op.RevokeRoot(1, 1),
        create(),
        look(1),
        Op.PruneRoots(),
        look(1),
    )
    scenario(
        "revocation-of-the-new",
        create(),
        Op.AddRoot(1, 0, When.Now()),
        create(),
        Op.RevokeRoot(1, 0),
        look(0, 1),
        create(),
        clock(When.In(u16(800))),
        create(),
    )
    scenario(
        "another-ring",
        create(USER),
        replace_ring(new_root(0, 0, When.Zero()), new_root(2, 1, When.Now(), some(When.In(u16(5))))),
        create(),
        clock(When.In(u16(5))),
        look(0, 1),
        create(),
        replace_ring(new_root(0, 1, When.Zero())),
        look(0),
        replace_ring(),
        create(),
        look(0),
        replace_ring(new_root(0, 0, When.Zero(), NONE, 1)),
        look(0),
    )


def epochs():
    operations = [create(USER, ttl=Ttl.Table(MONTH))]
    for leeway, before in ((1, 1), (1, 0), (0, 1), (0, 0)):
        operations += [Op.Clock(Step.Epoch(0, leeway, before)), create(), *look(0, 1)]
    operations += [clock(When.Ago(u16(24))), *look(2, 4), clock(When.In(u16(24)))]
    operations += [op for _ in range(8) for op in (clock(When.In(u16(120))), *look(0))]
    scenario("epochs-daily", operations, max_ttl=1, period=1)
    scenario("epochs-half-daily", operations, max_ttl=1, ring_max_ttl=1, period=2)
    scenario("epochs-weekly", operations, max_ttl=1, leeway=3, period=3)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    sessions()
    times()
    sizes()
    rotations()
    epochs()
