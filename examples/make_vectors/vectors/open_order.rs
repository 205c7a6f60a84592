//! Tokens with two faults, for the order of the checks.

use super::file::{self, File};
use super::open_valid::daily;
use super::refusal::Refusal;
use super::scene::{CREATED, DAY, EXPIRES, RENEWED, Scene, decode, encode, salt, scene};

/// Two faults: what they are, the check that tells, and the one that tells once the first is mended.
type Faults = (&'static str, &'static str, &'static str);

pub(crate) fn file() -> File {
    let refusals = [texts(), envelopes(), next_epochs(), circumstances(), records(), times()];
    let vectors = refusals.into_iter().flatten().map(Refusal::into_vector).collect();
    let header = [
        "Tokens with two faults: the checks are made in the order of SPEC.md, section 10.",
        "SealedSessionOpenOrder: as SealedSessionOpenRefused in open_invalid.json, but with `repair` the \
         token is still refused, as `then` says.",
    ];
    file::build("open_order.json", &header, vectors)
}

/// A wrong text, and the text in its place that is wrong otherwise.
fn of_text((comment, check, then): Faults, scene: &Scene, bad: String, mended: String) -> Refusal {
    Refusal::of_text((comment, "Order", check), scene, bad, mended).and_then(then)
}

fn texts() -> Vec<Refusal> {
    let token = scene().token(&salt("order"));
    let odd = format!("{token}=");
    let long = format!("{token}={}", "A".repeat(8_200));
    let mut other = decode(&token);
    other[0] = 2;
    let versioned = encode(&other);
    let (short, padded) = (versioned[..100].to_owned(), format!("{versioned}="));
    let of = |faults, bad, mended| of_text(faults, &scene(), bad, mended);
    vec![
        of(("too long, and no base64url", "length", "base64"), long, odd),
        of(("too short, and of version 2", "length", "version"), short, versioned.clone()),
        of(("no base64url, and of version 2", "base64", "version"), padded, versioned),
    ]
}

/// The key of an epoch that has only not begun here, of a root that opens nothing: the fault is not this server's.
fn next_epochs() -> Vec<Refusal> {
    let midnight = (RENEWED / DAY + 1) * DAY;
    let next = daily().with(|s| (s.now, s.epoch) = (midnight - 60_001, s.epoch + 1)).renewed_at(RENEWED);
    let of = |comment, change: &dyn Fn(&mut Scene)| {
        let refused = Refusal::elsewhere((comment, "Order", "key_id"), &next, "ring", |s| change(s));
        refused.and_then("key_id").of_next_epoch().without_record()
    };
    vec![
        of("a root that is revoked, and its next epoch", &|s| s.roots[0].revoked = true),
        of("a root that is gone, and its next epoch", &|s| s.roots[0].retire_at_ms = Some(RENEWED)),
    ]
}

fn envelopes() -> Vec<Refusal> {
    let (scene, salt) = (scene(), salt("order of the envelope"));
    let unknown = scene.reheaded(&salt, |header| header[5] ^= 1);
    let both = scene.reheaded(&salt, |header| (header[0], header[5]) = (2, header[5] ^ 1));
    let untagged = |token: &str| {
        let mut octets = decode(token);
        *octets.last_mut().unwrap() ^= 1;
        encode(&octets)
    };
    let (forged, foreign) = (untagged(&scene.token(&salt)), untagged(&unknown));
    let of = |faults, bad, mended| of_text(faults, &scene, bad, mended);
    vec![
        of(("of version 2, and of an unknown key", "version", "key_id"), both, unknown),
        of(("of an unknown key, and with a wrong tag", "key_id", "aead"), foreign, forged),
    ]
}

/// A token that would be refused anyway, opened under circumstances that are wrong as well.
fn circumstances() -> Vec<Refusal> {
    let over = scene().with(|s| s.now = EXPIRES);
    let ahead = scene().with(|s| (s.now, s.max_lifetime_ms) = (CREATED + 1, 1));
    let of = |(comment, check, then): Faults, sealed: &Scene, member, change: fn(&mut Scene)| {
        Refusal::elsewhere((comment, "Order", check), sealed, member, change).and_then(then)
    };
    let idle = scene().with(|s| (s.now, s.max_ttl_ms) = (RENEWED + 120_000, 120_000));
    let revoke: fn(&mut Scene) = |s| s.roots[0].revoked = true;
    let other_ad: fn(&mut Scene) = |s| s.ad = vec![1];
    vec![
        of(("of a revoked key, and expired", "key_id", "expired"), &over, "ring", revoke),
        of(("under other associated data, and expired", "aead", "expired"), &over, "ad", other_ad),
        of(
            ("of a revoked key, and a maximum TTL after its renewal", "key_id", "expired"),
            &idle,
            "ring",
            revoke,
        ),
        of(
            ("under other associated data, a maximum TTL after its renewal", "aead", "expired"),
            &idle,
            "ad",
            other_ad,
        ),
        of(("in the future, and its lifetime over", "future", "expired"), &ahead, "leeway_ms", |s| {
            s.leeway_ms = 0;
        }),
    ]
}

/// Changes of octets of a record.
type Changes<'a> = &'a [(usize, u8)];

fn spoilt(scene: &Scene, changes: Changes<'_>) -> Vec<u8> {
    let mut record = scene.record();
    for &(at, octet) in changes {
        record[at] = octet;
    }
    record
}

/// An authentic record with a fault, and another one that stays when the first is mended.
fn of_record(
    (comment, check, then): Faults,
    sealed: &Scene,
    first: Changes<'_>,
    second: Changes<'_>,
) -> Refusal {
    let salt = salt(comment);
    let both = spoilt(sealed, &[second, first].concat());
    let mended = sealed.token_of(&salt, &spoilt(sealed, second));
    of_text((comment, check, then), sealed, sealed.token_of(&salt, &both), mended).of_record(both)
}

/// Eight bytes of padding after a user id of 7 bytes and its data.
fn padded() -> Scene {
    scene().with(|s| s.padding = 8)
}

const BAD_USER: Changes<'_> = &[(42, 0xFF)];
const BAD_DATA: Changes<'_> = &[(42 + 7 + 4, 0xFF)];

fn bad_padding() -> [(usize, u8); 1] {
    [(padded().record().len() - 1, 1)]
}

fn records() -> Vec<Refusal> {
    let (padded, bad_padding) = (padded(), bad_padding());
    let late = padded.with(|s| s.now = EXPIRES);
    let idle = padded.with(|s| (s.now, s.max_ttl_ms) = (RENEWED + 120_000, 120_000));
    let ahead = padded.with(|s| (s.renewed, s.expires) = (RENEWED + DAY, RENEWED + DAY + 1));
    let data = ("a user id and data that are not UTF-8", "record_user_id", "record_data");
    let user = ("a user id that is not UTF-8, and bad padding", "record_user_id", "padding");
    let both = ("data that is not UTF-8, and bad padding", "record_data", "padding");
    vec![
        of_record(data, &padded, BAD_USER, BAD_DATA),
        of_record(user, &padded, BAD_USER, &bad_padding),
        of_record(both, &padded, BAD_DATA, &bad_padding),
        of_record(("bad padding, and in the future", "padding", "future"), &ahead, &bad_padding, &[]),
        of_record(("bad padding, and expired", "padding", "expired"), &late, &bad_padding, &[]),
        of_record(
            ("bad padding, and a maximum TTL after its renewal", "padding", "expired"),
            &idle,
            &bad_padding,
            &[],
        ),
        of_record(("times out of order, and expired", "time_order", "expired"), &late, &[(8, 0xFF)], &[]),
        of_record(
            ("times out of order, and in the future", "time_order", "future"),
            &ahead,
            &[(0, 0xFF)],
            &[],
        ),
    ]
}

/// The order of the times is looked at after all of the record has been read.
fn times() -> Vec<Refusal> {
    let disordered = padded().with(|s| s.created = s.renewed + 1);
    let rest = (disordered.record().len() - 42) as u8;
    let of = |(what, check): (&'static str, &'static str), changes: Changes<'_>| {
        of_record((what, check, "time_order"), &disordered, changes, &[])
    };
    vec![
        of(("a record cut short, its times out of order", "record_truncated"), &[(41, rest)]),
        of(("a user id that is not UTF-8, times out of order", "record_user_id"), BAD_USER),
        of(("data that is not UTF-8, times out of order", "record_data"), BAD_DATA),
        of(("bad padding, times out of order", "padding"), &bad_padding()),
    ]
}
