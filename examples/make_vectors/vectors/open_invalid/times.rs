//! Steps 5 and 6: times that are out of order, in the future or over, by a millisecond where that is
//! possible.

use super::super::refusal::Refusal;
use super::super::scene::{CREATED, DAY, EXPIRES, HOUR, RENEWED, Scene, scene};

pub(super) fn all() -> Vec<Refusal> {
    [out_of_order(), in_the_future(), expired(), lifetime_over(), ttl_over()].into_iter().flatten().collect()
}

/// At 1 ms before the expiry nothing but the order is wrong: the record is neither in the future nor over.
fn out_of_order() -> Vec<Refusal> {
    let good = scene().with(|s| s.now = EXPIRES - 1);
    let last = u64::MAX;
    let orders = [
        ("created 1 ms after it was renewed", (RENEWED + 1, RENEWED, EXPIRES)),
        ("created a day after it was renewed", (RENEWED + DAY, RENEWED, EXPIRES)),
        ("created at the end of time", (last, RENEWED, EXPIRES)),
        ("renewed at zero", (CREATED, 0, EXPIRES)),
        ("created 1 ms after it was renewed, 1 ms before it expires", (EXPIRES - 1, EXPIRES - 2, EXPIRES)),
        ("renewed at its expiry", (CREATED, EXPIRES, EXPIRES)),
        ("renewed 1 ms after its expiry", (CREATED, EXPIRES + 1, EXPIRES)),
        ("renewed and created at its expiry", (EXPIRES, EXPIRES, EXPIRES)),
        ("created after its expiry, renewed before", (EXPIRES + 1, RENEWED, EXPIRES)),
        ("the three times reversed", (EXPIRES + 2, EXPIRES + 1, EXPIRES)),
    ];
    let of = |(comment, (created, renewed, expires)): (&str, (u64, u64, u64))| {
        let bad = good.with(|s| (s.created, s.renewed, s.expires) = (created, renewed, expires));
        Refusal::malformed((comment, "TimeOrder", "time_order"), &good, bad.record())
    };
    orders.into_iter().map(of).collect()
}

fn at(comment: &str, flag: &'static str, check: &'static str, good: &Scene, now: u64) -> Refusal {
    Refusal::elsewhere((comment, flag, check), good, "now", |s| s.now = now)
}

fn in_the_future() -> Vec<Refusal> {
    let within = scene().with(|s| s.now = RENEWED - s.leeway_ms);
    let exact = scene().with(|s| s.leeway_ms = 0);
    let late = scene().with(|s| {
        (s.now, s.leeway_ms, s.max_lifetime_ms) = (RENEWED, u64::MAX, u64::MAX);
        (s.renewed, s.expires) = (u64::MAX - 1, u64::MAX);
    });
    let what = ("renewed 1 ms further ahead than the leeway of another server", "Leeway", "future");
    let never = ("renewed at the end of time", "Leeway", "future");
    vec![
        at(
            "renewed 1 ms further ahead than the leeway allows",
            "Leeway",
            "future",
            &within,
            RENEWED - 60_001,
        ),
        at("renewed 1 ms ahead, without leeway", "Leeway", "future", &exact, RENEWED - 1),
        at("renewed a day ahead", "Leeway", "future", &within, RENEWED - DAY),
        at("a clock that stands at zero", "Leeway", "future", &within, 0),
        Refusal::elsewhere(what, &within, "leeway_ms", |s| s.leeway_ms = 59_999),
        Refusal::elsewhere(never, &late, "leeway_ms", |s| s.leeway_ms = 60_000),
    ]
}

fn expired() -> Vec<Refusal> {
    let last = scene().with(|s| s.now = EXPIRES - 1);
    let brief = scene().with(|s| s.expires = RENEWED + 1);
    let long = scene().with(|s| s.max_lifetime_ms = u64::MAX);
    vec![
        at("at its expiry", "Expiry", "expired", &last, EXPIRES),
        at("1 ms after its expiry", "Expiry", "expired", &last, EXPIRES + 1),
        at(
            "within the leeway after its expiry, which does not count here",
            "Expiry",
            "expired",
            &last,
            EXPIRES + 59_999,
        ),
        at("a year after its expiry", "Expiry", "expired", &last, EXPIRES + 365 * DAY),
        at("at the end of time", "Expiry", "expired", &last, u64::MAX),
        at("a session of 1 ms, at its end", "Expiry", "expired", &brief, RENEWED + 1),
        at("a lifetime beyond the end of time does not prolong it", "Saturation", "expired", &long, EXPIRES),
    ]
}

fn lifetime_over() -> Vec<Refusal> {
    let short = scene().with(|s| (s.max_lifetime_ms, s.now) = (120_000, CREATED + 119_999));
    let endless = short.with(|s| s.expires = u64::MAX);
    let equal = scene().with(|s| (s.max_lifetime_ms, s.now) = (EXPIRES - CREATED, EXPIRES - 1));
    let what = ("at the end of the lifetime of another server", "Lifetime", "expired");
    let least = ("a lifetime of 1 ms", "Lifetime", "expired");
    vec![
        at("at the end of its lifetime", "Lifetime", "expired", &short, CREATED + 120_000),
        at("1 ms after the end of its lifetime", "Lifetime", "expired", &short, CREATED + 120_001),
        at(
            "at the end of its lifetime, with no expiry of its own",
            "Lifetime",
            "expired",
            &endless,
            CREATED + 120_000,
        ),
        at("lifetime and expiry end together", "Lifetime", "expired", &equal, EXPIRES),
        Refusal::elsewhere(what, &scene(), "max_lifetime_ms", |s| s.max_lifetime_ms = RENEWED - CREATED),
        Refusal::elsewhere(least, &scene(), "max_lifetime_ms", |s| s.max_lifetime_ms = 1),
    ]
}

/// A maximum TTL that has become shorter counts at once.
fn ttl_over() -> Vec<Refusal> {
    let short = scene().with(|s| (s.max_ttl_ms, s.now) = (120_000, RENEWED + 119_999));
    let endless = short.with(|s| s.expires = u64::MAX);
    let equal = scene().with(|s| (s.max_ttl_ms, s.now) = (HOUR, EXPIRES - 1));
    let what = ("at the end of the maximum TTL of another server", "MaxTtl", "expired");
    let both = scene().with(|s| {
        (s.max_ttl_ms, s.max_lifetime_ms, s.now) = (120_000, 180_001, RENEWED + 119_999);
    });
    let late = |comment: &str, more: u64| at(comment, "MaxTtl", "expired", &short, RENEWED + 120_000 + more);
    let over = |comment: &str, good: &Scene| at(comment, "MaxTtl", "expired", good, good.now + 1);
    vec![
        late("a maximum TTL after its renewal", 0),
        late("10 minutes and 1 ms less after that", 599_999),
        late("10 minutes after that", 600_000),
        over("a maximum TTL after its renewal, with no expiry of its own", &endless),
        over("maximum TTL and expiry end together", &equal),
        over("the maximum TTL is over, and 1 ms later the lifetime", &both),
        Refusal::elsewhere(what, &scene().with(|s| s.now += 60_000), "max_ttl_ms", |s| s.max_ttl_ms = 60_000),
        Refusal::elsewhere(("a maximum TTL of 1 ms", "MaxTtl", "expired"), &ttl_of_2(), "max_ttl_ms", |s| {
            s.max_ttl_ms = 1;
        }),
        at("10 minutes and 1 ms less after the end of its lifetime", "Lifetime", "expired", &lived(), {
            CREATED + 120_000 + 599_999
        }),
        at("10 minutes after the end of its lifetime", "Lifetime", "expired", &lived(), {
            CREATED + 120_000 + 600_000
        }),
        at(
            "at its expiry, 1 ms after the end of a maximum TTL",
            "MaxTtl",
            "expired",
            &last_of_both(),
            EXPIRES,
        ),
    ]
}

fn ttl_of_2() -> Scene {
    scene().with(|s| (s.max_ttl_ms, s.now) = (2, RENEWED + 1))
}

fn lived() -> Scene {
    scene().with(|s| (s.max_lifetime_ms, s.now) = (120_000, CREATED + 119_999))
}

fn last_of_both() -> Scene {
    scene().with(|s| (s.max_ttl_ms, s.now) = (HOUR - 1, EXPIRES - 2))
}
