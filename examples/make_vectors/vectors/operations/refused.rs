//! Operations that fail.

use super::super::file::Vector;
use super::super::json::{Json, Members};
use super::super::open_valid::nested;
use super::super::scene::{CREATED, DAY, EXPIRES, RENEWED, RootLife, root, salt, scene};
use super::case::{Case, case};
use super::depth::{in_turn, objects};
use super::done::of_len;

pub(super) fn vectors() -> Vec<Vector> {
    let mut all = data();
    all.extend(user_ids());
    all.extend(sizes());
    all.extend(no_key());
    all.extend(times());
    all.extend(tokens());
    all
}

/// A case with a fault in one member, whose repair is that member of the good case.
pub(super) struct Fault {
    pub(super) outcome: &'static str,
    pub(super) check: &'static str,
    pub(super) member: &'static str,
}

impl Fault {
    pub(super) fn vector(
        &self,
        comment: &str,
        flag: &'static str,
        good: &Case,
        change: impl FnOnce(&mut Case),
    ) -> Vector {
        self.with(comment, flag, good, change, vec![])
    }

    pub(super) fn with(
        &self,
        comment: &str,
        flag: &'static str,
        good: &Case,
        change: impl FnOnce(&mut Case),
        more: Members,
    ) -> Vector {
        let repair = Json::Object(vec![(self.member, good.member(self.member))]);
        // The token is the good one's, however the change would make it.
        let bad = good.with(|c| c.token = Some(good.token())).with(change);
        let mut outcome = members! { "outcome": self.outcome, "check": self.check };
        outcome.extend(bad.scene.is_transient(self.check).then(|| ("transient", Json::from(true))));
        let kind =
            if more.iter().any(|(name, _)| *name == "then") { "OperationOrder" } else { "OperationRefused" };
        outcome.extend(more);
        outcome.push(("repair", repair));
        bad.vector(kind, (comment, flag), outcome)
    }
}

const DATA: Fault = Fault { outcome: "invalid", check: "data", member: "data" };

/// Texts that are no object of RFC 8259, though many a reader takes one or the other.
const NO_OBJECTS: [(&str, &str); 39] = [
    ("a list", "[]"),
    ("a list of an object", "[{}]"),
    ("null", "null"),
    ("a text", "\"{}\""),
    ("a number", "1"),
    ("a truth value", "true"),
    ("a space", " "),
    ("the end missing", "{\"a\":1"),
    ("a member without a value", "{\"a\":}"),
    ("a member without a colon", "{\"a\" 1}"),
    ("a comma too many", "{\"a\":1,}"),
    ("a comma alone", "{,}"),
    ("two objects", "{} {}"),
    ("text after the object", "{}x"),
    ("a NUL after the object", "{}\0"),
    ("a byte order mark before the object", "\u{feff}{}"),
    ("a no-break space before the object", "\u{a0}{}"),
    ("a vertical tab before the object", "\u{b}{}"),
    ("a form feed after the object", "{}\u{c}"),
    ("a name without quotation marks", "{a:1}"),
    ("a name in apostrophes", "{'a':1}"),
    ("a name that is a number", "{1:1}"),
    ("a comment", "{/* none */}"),
    ("a tab within a text", "{\"a\":\"\t\"}"),
    ("a NUL within a text", "{\"a\":\"\0\"}"),
    ("an unknown escape", r#"{"a":"\x41"}"#),
    ("an escape cut short", r#"{"a":"\u00g0"}"#),
    ("a number with a leading zero", "{\"a\":01}"),
    ("a number with a plus sign", "{\"a\":+1}"),
    ("a number without an integer part", "{\"a\":.5}"),
    ("a number without a fraction", "{\"a\":1.}"),
    ("a number without an exponent", "{\"a\":1e}"),
    ("a minus sign alone", "{\"a\":-}"),
    ("a number in hexadecimal", "{\"a\":0x1}"),
    ("NaN", "{\"a\":NaN}"),
    ("infinity", "{\"a\":Infinity}"),
    ("minus infinity", "{\"a\":-Infinity}"),
    ("a word cut short", "{\"a\":tru}"),
    ("a word in capitals", "{\"a\":True}"),
];

fn data() -> Vec<Vector> {
    let of = |(what, data): (&str, &str)| {
        DATA.vector(&format!("create: {what} for data"), "Data", &case("create"), |c| c.data = data.into())
    };
    let mut all: Vec<Vector> = NO_OBJECTS.into_iter().map(of).collect();
    all.push(DATA.vector("update: a list for data", "Data", &case("update"), |c| c.data = "[]".into()));
    for (comment, op, deep) in [
        ("create: 65 levels of lists in an object", "create", nested(65)),
        ("create: 65 levels of objects", "create", objects(65)),
        ("create: 66 levels of objects and lists in turn", "create", in_turn(66)),
        (
            "create: 65 levels beside flat members",
            "create",
            nested(65).replacen('{', "{\"b\":{},\"c\":[],", 1),
        ),
        (
            "create: 65 levels after a text that ends in a backslash",
            "create",
            nested(65).replacen('{', r#"{"b":"\\","#, 1),
        ),
        ("create: 1000 levels of lists", "create", nested(1_000)),
        ("update: 65 levels of lists in an object", "update", nested(65)),
    ] {
        all.push(DATA.vector(comment, "DataDepth", &case(op), |c| c.data = deep));
    }
    all
}

/// More bytes than the length field holds. Such a session would be too large as well, but that comes later.
fn user_ids() -> Vec<Vector> {
    let fault = Fault { outcome: "invalid", check: "user_id", member: "user" };
    let of = |op: &'static str, len: usize| {
        let comment = format!("{op}: a user id of {len} bytes");
        fault.vector(&comment, "User", &case(op), |c| c.user = Some("u".repeat(len)))
    };
    vec![of("create", 65_535), of("create", 65_536), of("create", 70_000), of("login", 65_535)]
}

/// A case whose token does not fit, with the characters that it needs and that are allowed.
fn too_large(
    comment: &str,
    member: &'static str,
    good: &Case,
    [needed, allowed]: [usize; 2],
    change: impl FnOnce(&mut Case),
) -> Vector {
    let fault = Fault { outcome: "backend", check: "size", member };
    fault.with(comment, "Size", good, change, members! { "needed": needed, "allowed": allowed })
}

fn sizes() -> Vec<Vector> {
    let create = case("create").with(|c| c.user = None);
    let short = create.with(|c| c.scene.name = "sid".into());
    let set = create.with(|c| c.max_token_chars = Some(8192));
    let small = create.with(|c| (c.max_token_chars, c.data) = (Some(140), "{}".into()));
    let padded = create.with(|c| c.padding = 64);
    let of = |comment, good: &Case, len: usize, sizes| {
        too_large(comment, "data", good, sizes, |c| c.data = of_len(len))
    };
    let mut all = vec![
        of("create: data of 2959 bytes under __Host-session", &create, 2_959, [4083, 4082]),
        of("create: data of 2967 bytes under sid", &short, 2_967, [4094, 4093]),
        of("create: a token of 8194 characters", &set, 6_042, [8194, 8192]),
        of("create: a token of 148 characters where 140 are allowed", &small, 8, [148, 140]),
        of("create: padding does not make room", &padded, 2_959, [4083, 4082]),
        of("update: data of 2952 bytes beside a user id of 7", &case("update"), 2_952, [4083, 4082]),
    ];
    all.extend(other_sizes(&create));
    all
}

fn other_sizes(create: &Case) -> Vec<Vector> {
    let full = create.with(|c| (c.user, c.data) = (Some("user-7".into()), of_len(2_952)));
    let of = |comment, good: &Case, user: String, sizes| {
        too_large(comment, "user", good, sizes, |c| c.user = Some(user))
    };
    let smaller = "reseal: a limit that has become smaller";
    vec![
        of("create: a user id of one byte too many", &full, "user-42".into(), [4083, 4082]),
        of("create: the longest user id there is", create, "u".repeat(65_534), [87_526, 4082]),
        of("login: a user id of 3000 bytes", &case("login"), "u".repeat(3_000), [4158, 4082]),
        too_large(smaller, "max_token_chars", &case("reseal"), [167, 160], |c| c.max_token_chars = Some(160)),
    ]
}

fn no_key() -> Vec<Vector> {
    let fault = |member| Fault { outcome: "backend", check: "no_key", member };
    let create = case("create");
    let retiring = create.with(|c| c.scene.roots[0].retire_at_ms = Some(c.scene.now + 1));
    let staged = RootLife { activate_at_ms: RENEWED + DAY, ..root(1) };
    let staged_too = staged.clone();
    let mut all = vec![
        fault("ring")
            .vector("create: a ring without keys", "NoSealingKey", &create, |c| c.scene.roots.clear()),
        fault("ring").vector("create: a ring whose only key is staged", "NoSealingKey", &create, |c| {
            c.scene.roots = vec![staged];
        }),
        fault("ring").vector("create: a ring whose only key is revoked", "NoSealingKey", &create, |c| {
            c.scene.roots[0].revoked = true;
        }),
        fault("now").vector(
            "create: at the moment at which the only key is gone",
            "NoSealingKey",
            &retiring,
            |c| c.scene.now += 1,
        ),
    ];
    for op in ["update", "touch", "reseal", "cycle", "login"] {
        let comment = format!("{op}: the only key is staged: it opens, and does not seal");
        let roots = vec![staged_too.clone()];
        all.push(fault("ring").vector(&comment, "NoSealingKey", &case(op), |c| c.scene.roots = roots));
    }
    all
}

fn times() -> Vec<Vector> {
    let at_once = Fault { outcome: "backend", check: "expired_at_once", member: "now" };
    let over = Fault { outcome: "not_found", check: "expired", member: "max_lifetime_ms" };
    // Renewed by a clock that is ahead, at the end of a lifetime of 60 s that this server still has 1 ms of.
    let ahead = case("touch").with(|c| c.scene.now = CREATED + 59_999);
    let before = case("create").with(|c| c.scene.now = u64::MAX - 1);
    vec![
        at_once.vector("create: at the end of time", "Saturation", &before, |c| c.scene.now = u64::MAX),
        over.vector(
            "touch: renewed ahead of the clock, when its lifetime is over",
            "Lifetime",
            &ahead,
            |c| {
                c.scene.max_lifetime_ms = 60_000;
            },
        ),
    ]
}

/// Every operation makes the checks of opening.
fn tokens() -> Vec<Vector> {
    let mut all = Vec::new();
    for op in ["update", "touch", "reseal", "cycle", "login"] {
        let good = case(op);
        let fault = |outcome, check, member| Fault { outcome, check, member };
        let comment = format!("{op}: a token that has expired");
        let last = good.with(|c| c.scene.now = EXPIRES - 1);
        all.push(
            fault("not_found", "expired", "now").vector(&comment, "Expiry", &last, |c| c.scene.now = EXPIRES),
        );
        let comment = format!("{op}: a maximum TTL after its renewal");
        let short = good.with(|c| (c.default_ttl, c.scene.max_ttl_ms) = (500, 1_001));
        all.push(fault("not_found", "expired", "max_ttl_ms").vector(&comment, "MaxTtl", &short, |c| {
            c.scene.max_ttl_ms = 1_000;
        }));
        let comment = format!("{op}: a token whose lifetime is over");
        all.push(fault("not_found", "expired", "max_lifetime_ms").vector(&comment, "Lifetime", &good, |c| {
            c.scene.max_lifetime_ms = 61_000;
        }));
        let comment = format!("{op}: a token under other associated data");
        all.push(
            fault("invalid", "aead", "ad")
                .vector(&comment, "AssociatedData", &good, |c| c.scene.ad = vec![1]),
        );
        let comment = format!("{op}: a token renewed too far ahead");
        let ahead = good.with(|c| c.scene.now = RENEWED - 60_000);
        all.push(fault("invalid", "future", "now").vector(&comment, "Leeway", &ahead, |c| c.scene.now -= 1));
        let comment = format!("{op}: a token of a revoked key");
        all.push(fault("invalid", "key_id", "ring").vector(&comment, "KeyRevoked", &good, |c| {
            c.scene.roots[0].revoked = true;
            c.scene.roots.push(root(2));
        }));
        let comment = format!("{op}: a record whose times are out of order");
        let disordered = scene().with(|s| (s.created, s.renewed) = (RENEWED, CREATED)).token(&salt(&comment));
        all.push(
            fault("invalid", "time_order", "token")
                .vector(&comment, "TimeOrder", &good, |c| c.token = Some(disordered)),
        );
    }
    all
}
