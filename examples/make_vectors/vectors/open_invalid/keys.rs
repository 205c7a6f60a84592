//! Step 3: keys that the ring knows, but does not open with now. The other side of each limit stands in
//! `open_valid`.

use super::super::open_valid::daily;
use super::super::refusal::Refusal;
use super::super::scene::{DAY, DAY_S, RENEWED, RootLife, Scene, root, scene};

pub(super) fn all() -> Vec<Refusal> {
    [revoked(), gone(), too_old(), too_new()].into_iter().flatten().collect()
}

fn revoked() -> Vec<Refusal> {
    let of = |comment: &str, good: &Scene| {
        Refusal::elsewhere((comment, "KeyRevoked", "key_id"), good, "ring", |s| {
            let sealing = s.sealing;
            s.roots[sealing].revoked = true;
        })
    };
    let next = RootLife { activate_at_ms: RENEWED + 1, ..root(2) };
    vec![
        of("a revoked key", &scene()),
        of(
            "a revoked key that was staged",
            &scene().with(|s| (s.roots, s.sealing) = (vec![root(1), next], 1)),
        ),
        of(
            "a revoked key that another has followed",
            &scene().with(|s| {
                s.roots.push(RootLife { activate_at_ms: RENEWED, ..root(2) });
            }),
        ),
        of(
            "a revoked key that is about to be gone",
            &scene().with(|s| {
                s.roots[0].retire_at_ms = Some(RENEWED + 1);
            }),
        ),
        of("an epoch of a revoked root", &daily()),
    ]
}

fn gone() -> Vec<Refusal> {
    let retiring = scene().with(|s| s.roots[0].retire_at_ms = Some(RENEWED + 1));
    let of = |comment: &str, good: &Scene, now: u64| {
        Refusal::elsewhere((comment, "KeyGone", "key_id"), good, "now", |s| s.now = now)
    };
    let followed = retiring.with(|s| s.roots.push(RootLife { activate_at_ms: 5, ..root(2) }));
    let epoch = daily().with(|s| s.roots[0].retire_at_ms = Some(RENEWED + 1));
    let what = ("a key that is gone by another ring file", "KeyGone", "key_id");
    vec![
        of("a key at the moment at which it is gone", &retiring, RENEWED + 1),
        of("a key that has been gone for half an hour", &retiring, RENEWED + 1_800_000),
        of("a key that is gone, and another seals", &followed, RENEWED + 1),
        of("an epoch of a root that is gone", &epoch, RENEWED + 1),
        Refusal::elsewhere(what, &scene(), "ring", |s| s.roots[0].retire_at_ms = Some(RENEWED)),
    ]
}

fn too_old() -> Vec<Refusal> {
    let midnight = (RENEWED / DAY + 1) * DAY;
    let over = midnight + DAY + 3_600_000;
    let of = |comment: &str, good: &Scene, now: u64| {
        // Renewed just before: no token outlives the maximum TTL, and the epoch is what counts here.
        let good = good.renewed_at(now - 1).with(|s| s.now = now - 1);
        Refusal::elsewhere((comment, "Epoch", "key_id"), &good, "now", |s| s.now = now)
    };
    let weekly = daily().with(|s| {
        (s.roots[0].period_s, s.epoch) = (7 * DAY_S, RENEWED / (7 * DAY));
    });
    let longer_lived = daily().with(|s| (s.max_ttl_s, s.max_ttl_ms) = (2 * DAY_S, 2 * DAY));
    let what = ("an epoch of three days ago", "Epoch", "key_id");
    vec![
        of("an epoch whose grace is just over", &daily(), over),
        of(
            "a weekly epoch whose grace of a week is just over",
            &weekly,
            (weekly.epoch + 2) * 7 * DAY + 3_600_000,
        ),
        of("an epoch whose longest TTL and grace are just over", &longer_lived, midnight + 3 * DAY),
        Refusal::elsewhere(what, &daily(), "now", |s| s.now += 3 * DAY),
    ]
}

/// The record was renewed before, so that nothing but the epoch lies in the future.
fn too_new() -> Vec<Refusal> {
    let midnight = (RENEWED / DAY + 1) * DAY;
    let next = |now: u64, leeway_ms: u64| {
        let next = daily().with(|s| (s.now, s.leeway_ms, s.epoch) = (now, leeway_ms, s.epoch + 1));
        next.renewed_at(now - 600_000)
    };
    let of = |comment: &str, good: &Scene, now: u64| {
        Refusal::elsewhere((comment, "Epoch", "key_id"), good, "now", |s| s.now = now)
    };
    let what = ("the next epoch, a minute ahead, without leeway", "Epoch", "key_id");
    let later = next(midnight, 60_000).with(|s| {
        (s.max_ttl_s, s.max_ttl_ms, s.expires) = (2 * DAY_S, 2 * DAY, s.renewed + 2 * DAY);
        (s.epoch, s.now) = (s.epoch + 1, midnight + DAY);
    });
    let not_yet = later.with(|s| s.now -= 60_000);
    vec![
        of(
            "the next epoch 1 ms before the leeway reaches it",
            &next(midnight - 60_000, 60_000),
            midnight - 60_001,
        )
        .of_next_epoch(),
        of("the next epoch 1 ms before it begins, without leeway", &next(midnight, 0), midnight - 1)
            .of_next_epoch(),
        of(
            "the next epoch of a staged root, 1 ms before the leeway reaches it",
            &next(midnight - 60_000, 60_000).with(|s| s.roots[0].activate_at_ms = midnight + DAY),
            midnight - 60_001,
        )
        .of_next_epoch(),
        of("the epoch after the next, 1 ms before the leeway reaches the next", &not_yet, midnight - 60_001),
        of("the epoch after the next", &later, midnight).of_next_epoch(),
        Refusal::elsewhere(what, &next(midnight - 60_000, 60_000), "leeway_ms", |s| s.leeway_ms = 0)
            .of_next_epoch(),
    ]
}
