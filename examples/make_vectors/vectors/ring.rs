//! Key rings: which keys there are at which time, and in which state.

use sealed_session::{KeyInfo, KeyRing};

use super::file::{self, File, Vector};
use super::json::{Json, Members};
use super::scene::{DAY, DAY_S, RootLife, Scene, root, scene};
use super::{ring_file, ring_refused};

pub(crate) fn file() -> File {
    let mut vectors = fixed();
    vectors.extend(daily());
    vectors.extend(other_periods());
    vectors.extend(two_rotating());
    vectors.extend(ring_file::vectors());
    vectors.extend(ring_refused::vectors());
    let header = [
        "Key rings (SPEC.md, section 8).",
        "RingKeys: at `now`, the roots of this ring file are in `root_states`, have `epochs` from `first` to \
         `last`, and, for a server with this application id, cookie name and leeway, exactly `keys`. \
         `sealing` is the id of the one that seals, or null. Roots and their keys are in the order of the \
         file, epochs in theirs.",
        "RingFile: `ring_text` is the text of a ring file, which loads as `max_ttl_s` and `roots`.",
        "RingRefused: `ring_text` is refused by a server with this leeway, for what is wrong with the member \
         `check` (`json`: with the text as a whole; `unknown`: with a member that is not in the table). With \
         `repair` it loads.",
    ];
    file::build("ring.json", &header, vectors)
}

fn at(what: &str, flag: &'static str, scene: &Scene, now: u64, when: &str) -> Vector {
    let ring = scene.ring();
    let keys = ring.keys_at(&scene.app, &scene.name, now, scene.leeway_ms).unwrap();
    let epochs = ring.roots().iter().map(|root| {
        let mut of_root = keys.iter().filter(|key| key.root_id == root.id()).map(|key| key.epoch);
        let first = of_root.next().unwrap();
        Json::Object(members! { "first": first, "last": of_root.next_back().unwrap_or(first) })
    });
    let sealing = keys.iter().find(|key| key.state.as_str() == "sealing");
    let body = members! {
        "now": now,
        "root_states": states(&ring, now),
        "epochs": epochs.collect::<Json>(),
        "keys": keys.iter().map(key).collect::<Json>(),
        "sealing": sealing.map(|key| key.key_id.to_string()),
    };
    let group = ["ring", "app", "name", "leeway_ms"].into_iter().map(|member| (member, scene.member(member)));
    Vector {
        kind: "RingKeys",
        group: group.collect(),
        comment: format!("{what}: {when}"),
        flags: vec![flag],
        valid: true,
        body,
    }
}

fn states(ring: &KeyRing, now: u64) -> Json {
    ring.states_at(now).iter().map(|state| state.as_str()).collect()
}

fn key(key: &KeyInfo) -> Members {
    members! {
        "root_id": key.root_id.to_string(),
        "key_id": key.key_id.to_string(),
        "epoch": key.epoch,
        "state": key.state.as_str(),
    }
}

fn life(number: u8, activate_at_ms: u64, retire_at_ms: Option<u64>, revoked: bool) -> RootLife {
    RootLife { activate_at_ms, retire_at_ms, revoked, ..root(number) }
}

/// Every state of a root, and every turn from one to the next.
fn fixed() -> Vec<Vector> {
    let five = scene().with(|s| {
        s.roots = vec![
            life(1, 0, Some(4_000), false),
            life(2, 1_000, None, false),
            life(3, 2_000, Some(3_000), false),
            life(4, 1_000, None, true),
            life(5, 5_000, Some(6_000), true),
        ];
    });
    let mut vectors: Vec<Vector> = [0, 999, 1_000, 1_999, 2_000, 2_999, 3_000, 3_999, 4_000, 6_000]
        .map(|now| at("five fixed roots", "RootState", &five, now, &format!("at {now} ms")))
        .into();
    let reversed = five.with(|s| s.roots.reverse());
    vectors.push(at("the same roots in other order", "RootState", &reversed, 2_000, "at 2000 ms"));
    vectors.extend(fewer());
    vectors
}

fn fewer() -> Vec<Vector> {
    let of = |what, flag, roots: &[RootLife], now: u64| {
        at(what, flag, &scene().with(|s| s.roots = roots.to_vec()), now, &format!("at {now} ms"))
    };
    let revoked = [life(1, 0, Some(1_000), true)];
    let next_revoked = [life(1, 0, None, false), life(2, 500, None, true)];
    vec![
        of("no root", "NoSealingKey", &[], 0),
        of("a root that is staged", "NoSealingKey", &[life(1, 1_000, None, false)], 999),
        of("a root that is gone", "NoSealingKey", &[life(1, 0, Some(1_000), false)], 1_000),
        of("revoked comes before gone", "RootState", &revoked, 1_000),
        of("revoked comes before sealing", "RootState", &revoked, 999),
        of("a root seals again when the next one is revoked", "RootState", &next_revoked, 600),
        at("a fixed root", "Saturation", &scene(), u64::MAX, "at the end of time"),
    ]
}

/// A new key every day, tokens that live for two days, and a day of grace.
fn rotating(period_s: u64, max_ttl_s: u64, leeway_ms: u64) -> Scene {
    scene().with(|s| {
        (s.roots[0].period_s, s.max_ttl_s, s.leeway_ms) = (period_s, max_ttl_s, leeway_ms);
    })
}

fn daily() -> Vec<Vector> {
    let daily = rotating(DAY_S, 2 * DAY_S, 60_000);
    let midnight = 20_000 * DAY;
    let of = |now, when| at("a daily root, TTL of 2 days", "Epoch", &daily, now, when);
    let exact = rotating(DAY_S, 2 * DAY_S, 0);
    let without = |now, when| at("a daily root without leeway", "Epoch", &exact, now, when);
    let staged = daily.with(|s| s.roots[0].activate_at_ms = midnight + 1);
    let turned =
        |now, when| at("a daily root that activates in the midst of an epoch", "Epoch", &staged, now, when);
    let revoked = daily.with(|s| s.roots[0].revoked = true);
    vec![
        of(0, "at 0"),
        of(2 * DAY, "on day 2"),
        of(4 * DAY - 60_001, "1 ms before the leeway reaches day 4"),
        of(4 * DAY - 60_000, "when the leeway reaches day 4"),
        of(midnight - 1, "1 ms before midnight"),
        of(midnight, "at midnight"),
        of(midnight + DAY / 2, "at noon"),
        without(midnight - 1, "1 ms before midnight"),
        without(midnight, "at midnight"),
        turned(midnight, "1 ms before"),
        turned(midnight + 1, "then"),
        at("a daily root that is revoked", "Epoch", &revoked, midnight, "at midnight"),
    ]
}

/// A quarter of the time there is, and a little more: with the leeway, the time after the end is another epoch's.
const LAST_EPOCH_S: u64 = (u64::MAX / 1000 + 9) / 4;

fn other_periods() -> Vec<Vector> {
    let now = 1_795_000_000_000;
    let uneven = rotating(7_777, 3_600, 0);
    let turn = (now / 7_777_000 + 1) * 7_777_000;
    let quarterly = rotating(90 * DAY_S, 30 * DAY_S, 60_000);
    let quarter = (now / (90 * DAY)) * 90 * DAY;
    // The largest number that every reader of JSON keeps; larger ones stand in ring texts.
    let long = rotating((1 << 53) - 1, 1, 0);
    // A day and an hour back: the window's start falls within an epoch, and moves on a second.
    let shift = rotating(DAY_S, 3_600, 0);
    let of_shift = |now, when| at("a daily root, TTL of 1 hour", "Epoch", &shift, now, when);
    vec![
        at("a period that fits nothing", "Epoch", &uneven, turn - 1, "1 ms before a turn"),
        at("a period that fits nothing", "Epoch", &uneven, turn, "at a turn"),
        at("a period of 90 days, which is its grace", "Epoch", &quarterly, quarter - 1, "before a turn"),
        at("a period of 90 days, which is its grace", "Epoch", &quarterly, quarter, "at a turn"),
        at(
            "a period of 90 days, which is its grace",
            "Epoch",
            &quarterly,
            quarter + 30 * DAY - 1,
            "1 ms before its oldest epoch goes",
        ),
        at(
            "a period of 90 days, which is its grace",
            "Epoch",
            &quarterly,
            quarter + 30 * DAY,
            "when its oldest epoch goes",
        ),
        at("a period of 2^53 - 1 seconds", "Saturation", &long, now, "now"),
        at("a period of 2^53 - 1 seconds", "Saturation", &long, u64::MAX, "at the end of time"),
        at(
            "a period whose next epoch begins 9 s after the end of time",
            "Saturation",
            &rotating(LAST_EPOCH_S, 1, 60_000),
            u64::MAX,
            "at the end of time",
        ),
        of_shift(20_000 * DAY + 3_599_999, "1 ms before its oldest epoch goes"),
        of_shift(20_000 * DAY + 3_600_000, "when its oldest epoch goes"),
    ]
}

fn two_rotating() -> Vec<Vector> {
    let two = rotating(DAY_S, 1, 0).with(|s| {
        s.roots.push(RootLife { period_s: 2 * DAY_S, activate_at_ms: 10 * DAY, ..root(2) });
        s.roots[0].retire_at_ms = Some(12 * DAY);
    });
    let fixed_next = rotating(DAY_S, 1, 60_000).with(|s| {
        s.roots.push(RootLife { activate_at_ms: 10 * DAY, ..root(2) });
    });
    let of = |now, when| at("a daily root, and one of two days after it", "Epoch", &two, now, when);
    let of_fixed = |now, when| at("a daily root, and a fixed one after it", "Epoch", &fixed_next, now, when);
    vec![
        of(10 * DAY - 1, "1 ms before the second activates"),
        of(10 * DAY, "when the second activates"),
        of(12 * DAY - 1, "1 ms before the first is gone"),
        of(12 * DAY, "when the first is gone"),
        of_fixed(10 * DAY - 1, "1 ms before the second activates"),
        of_fixed(10 * DAY, "when the second activates"),
        of_fixed(11 * DAY - 1, "the next epoch of the first is staged"),
    ]
}
