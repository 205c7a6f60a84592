//! Operations that succeed.

use super::super::file::Vector;
use super::super::open_valid::daily;
use super::super::scene::{CREATED, DAY, DAY_S, EXPIRES, HOUR, RENEWED, RootLife, Scene, root, scene};
use super::case::{Case, case};
use super::{depth, login};

pub(super) fn vectors() -> Vec<Vector> {
    [
        created(),
        data(),
        depth::vectors(),
        sizes(),
        touched(),
        kept(),
        renamed(),
        login::vectors(),
        rotated(),
        deleted(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn done(
    comment: &str,
    flag: &'static str,
    op: &'static str,
    change: impl FnOnce(&mut Case),
) -> Vector {
    case(op).with(change).done(comment, flag)
}

fn created() -> Vec<Vector> {
    let create = |comment: &str, flag, change: &dyn Fn(&mut Case)| done(comment, flag, "create", change);
    vec![
        create("create: the default TTL", "Ttl", &|_| {}),
        create("create: a TTL of 1 ms", "Ttl", &|c| c.ttl = 1),
        create("create: the maximum TTL", "Ttl", &|c| (c.scene.max_ttl_ms, c.ttl) = (2 * DAY, 2 * DAY)),
        create("create: 1 ms more than the maximum TTL is cut", "Ttl", &|c| {
            (c.scene.max_ttl_ms, c.ttl) = (2 * DAY, 2 * DAY + 1);
        }),
        create("create: the longest TTL that can be asked for is cut", "Ttl", &|c| c.ttl = u64::MAX),
        create("create: the default TTL is cut to the maximum lifetime", "Lifetime", &|c| {
            c.scene.max_lifetime_ms = HOUR;
        }),
        create("create: the TTL asked for is cut to the maximum lifetime", "Lifetime", &|c| {
            (c.scene.max_lifetime_ms, c.ttl) = (HOUR, HOUR + 1);
        }),
        create("create: 1 ms before the end of time", "Saturation", &|c| c.scene.now = u64::MAX - 1),
        create("create: at zero", "Saturation", &|c| c.scene.now = 0),
        create("create: an anonymous session", "User", &|c| c.user = None),
        create("create: an empty user id", "User", &|c| c.user = Some(String::new())),
        create("create: a user id of other scripts", "Unicode", &|c| c.user = Some("жé中😀".into())),
        create("create: with associated data", "AssociatedData", &|c| c.scene.ad = b"tenant-7".to_vec()),
        create("create: the default TTL is the maximum TTL", "Ttl", &|c| c.scene.max_ttl_ms = DAY),
        create("create: the maximum TTL is the ring's longest", "Ttl", &|c| {
            (c.scene.max_ttl_s, c.scene.max_ttl_ms, c.default_ttl) = (60, 60_000, 60_000);
        }),
    ]
}

/// Data is stored as it is given.
fn data() -> Vec<Vector> {
    let texts = [
        ("no data stands for {}", ""),
        ("an empty object", "{}"),
        ("white space around and within", " \t\r\n{ \"a\" : [ ] }\n"),
        ("a member twice", r#"{"a":1,"a":2}"#),
        ("numbers beyond any machine's", r#"{"a":1e999,"b":-0,"c":1E+2,"d":123456789012345678901234567890}"#),
        ("escapes", r#"{"\u0041\n\/":"\ud83d\ude00"}"#),
        ("an escaped surrogate that stands alone, which RFC 8259 allows", r#"{"a":"\ud800"}"#),
        ("DEL, line separators and a byte order mark within texts", "{\"\u{7f}\u{2028}\":\"\u{feff}\"}"),
        ("nested lists", "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"),
        ("an empty name, and all kinds of values", r#"{"":[true,false,null,0,"",{},[]]}"#),
    ];
    let of = |(what, data): (&str, &str)| {
        done(&format!("create: {what}"), "Data", "create", |c| c.data = data.into())
    };
    let mut all: Vec<Vector> = texts.into_iter().map(of).collect();
    all.push(done("update: no data stands for {}", "Data", "update", |c| c.data = String::new()));
    all
}

/// Data of so many bytes.
pub(super) fn of_len(len: usize) -> String {
    format!(r#"{{"a":"{}"}}"#, "x".repeat(len - 8))
}

fn sizes() -> Vec<Vector> {
    let create = |comment: &str, flag, change: &dyn Fn(&mut Case)| done(comment, flag, "create", change);
    let padded = |multiple: usize, len: usize| {
        let comment = format!("create: {len} bytes of data, padded to a multiple of {multiple}");
        create(&comment, "Padding", &|c| (c.padding, c.user, c.data) = (multiple, None, of_len(len)))
    };
    vec![
        create("create: user id and data of 2958 bytes under __Host-session", "Size", &|c| {
            (c.user, c.data) = (Some("u".repeat(100)), of_len(2_858));
        }),
        create("create: the name sid leaves 4093 characters", "Size", &|c| {
            (c.scene.name, c.user, c.data) = ("sid".into(), None, of_len(2_966));
        }),
        create("create: a token of 8192 characters, where that is set", "Size", &|c| {
            (c.max_token_chars, c.user, c.data) = (Some(8192), None, of_len(6_041));
        }),
        create("create: the smallest limit that fits", "Size", &|c| {
            (c.max_token_chars, c.user, c.data) = (Some(140), None, "{}".into());
        }),
        padded(0, 100),
        padded(2, 100),
        padded(2, 101),
        padded(64, 17),
        padded(64, 18),
        padded(64, 19),
        padded(64, 2_946),
        padded(4_096, 10),
        padded(100_000, 10),
        create("create: padding stops at a limit that is set", "Padding", &|c| {
            (c.max_token_chars, c.padding, c.user) = (Some(200), 64, None);
        }),
        done("update: padding is made anew", "Padding", "update", |c| {
            (c.scene.padding, c.padding) = (40, 128);
        }),
    ]
}

fn touched() -> Vec<Vector> {
    let touch = |comment: &str, flag, change: &dyn Fn(&mut Case)| done(comment, flag, "touch", change);
    vec![
        touch("touch: the default TTL", "Ttl", &|_| {}),
        touch("touch: a shorter TTL than it had", "Ttl", &|c| c.ttl = 1),
        touch("touch: a TTL above the maximum is cut", "Ttl", &|c| c.ttl = 31 * DAY),
        touch("touch: cut to what is left of the lifetime", "Lifetime", &|c| {
            c.scene.max_lifetime_ms = 2 * HOUR;
        }),
        touch("touch: 1 ms is left of the lifetime", "Lifetime", &|c| {
            (c.scene.max_lifetime_ms, c.scene.now) = (HOUR, CREATED + HOUR - 1);
        }),
        touch("touch: renewed on a server whose clock is ahead, and from then on", "Leeway", &|c| {
            (c.scene.now, c.ttl) = (RENEWED - 60_000, HOUR);
        }),
        touch(
            "touch: a session of a longer maximum TTL gets no more than the maximum of now",
            "MaxTtl",
            &|c| {
                (c.scene.max_ttl_ms, c.default_ttl, c.ttl) = (HOUR / 4, HOUR / 4, HOUR);
            },
        ),
        touch("touch: 1 ms before a maximum TTL after its renewal", "MaxTtl", &|c| {
            (c.scene.max_ttl_ms, c.default_ttl, c.scene.now) = (HOUR / 4, HOUR / 4, RENEWED + HOUR / 4 - 1);
        }),
        touch("touch: 2 ms before the end of time", "Saturation", &|c| {
            let last = u64::MAX;
            (c.scene.created, c.scene.renewed, c.scene.expires) = (last - 5, last - 4, last - 1);
            c.scene.now = last - 2;
        }),
        touch("touch: 1 ms before it expires", "Expiry", &|c| c.scene.now = EXPIRES - 1),
        touch("touch: with associated data", "AssociatedData", &|c| c.scene.ad = vec![0]),
        touch("touch: padding is made anew", "Padding", &|c| c.padding = 256),
    ]
}

fn kept() -> Vec<Vector> {
    vec![
        done("update: new data, and all else kept", "Operation", "update", |_| {}),
        done("update: an anonymous session stays so", "User", "update", |c| c.scene.user = None),
        done("update: renewed ahead of the clock", "Leeway", "update", |c| c.scene.now = RENEWED - 60_000),
        done("update: with associated data", "AssociatedData", "update", |c| c.scene.ad = b"t".to_vec()),
        done("update: 1 ms before it expires, which it still does", "Expiry", "update", |c| {
            c.scene.now = EXPIRES - 1;
        }),
        done("reseal: all kept", "Operation", "reseal", |_| {}),
        done("reseal: an expiry beyond the lifetime is kept", "Lifetime", "reseal", |c| {
            c.scene.max_lifetime_ms = HOUR;
        }),
        done("update: an expiry beyond the maximum TTL is kept", "MaxTtl", "update", |c| {
            (c.scene.max_ttl_ms, c.default_ttl) = (HOUR / 4, HOUR / 4);
        }),
        done("reseal: an expiry beyond the maximum TTL is kept", "MaxTtl", "reseal", |c| {
            (c.scene.max_ttl_ms, c.default_ttl) = (HOUR / 4, HOUR / 4);
        }),
        done("reseal: without the padding it had", "Padding", "reseal", |c| c.scene.padding = 40),
    ]
}

fn renamed() -> Vec<Vector> {
    vec![
        done("cycle: a cookie name between two format characters (Cf)", "Unicode", "cycle", |c| {
            c.scene.name = "\u{feff}sid\u{200d}".into();
        }),
        done("cycle: a new uid, and all else kept", "Operation", "cycle", |_| {}),
        done("cycle: an empty user id stays one", "User", "cycle", |c| c.scene.user = Some(String::new())),
        done("cycle: with associated data", "AssociatedData", "cycle", |c| c.scene.ad = b"t".to_vec()),
        done("login: a new session with the data of the old one", "Operation", "login", |_| {}),
        done("login: of an anonymous session", "Operation", "login", |c| c.user = Some("user-42".into())),
        done("login: with an empty user id", "User", "login", |c| c.user = Some(String::new())),
        done("login: on a server whose clock is behind", "Leeway", "login", |c| {
            c.scene.now = RENEWED - 60_000;
        }),
        done("login: the default TTL is cut to the maximum lifetime", "Lifetime", "login", |c| {
            c.scene.max_lifetime_ms = 2 * HOUR;
        }),
        done("login: with associated data", "AssociatedData", "login", |c| c.scene.ad = b"t".to_vec()),
    ]
}

/// The key that seals need not be the one that opened.
fn rotated() -> Vec<Vector> {
    let accepted = scene().with(|s| {
        s.user = None;
        s.roots.push(RootLife { activate_at_ms: RENEWED, ..root(2) });
        s.now = RENEWED;
    });
    let staged = scene().with(|s| {
        (s.roots, s.sealing) = (vec![root(1), RootLife { activate_at_ms: RENEWED + 1, ..root(2) }], 1);
    });
    let midnight = (RENEWED / DAY + 1) * DAY;
    let month = |s: &mut Scene| (s.max_ttl_s, s.max_ttl_ms) = (30 * DAY_S, 30 * DAY);
    let yesterday = daily().with(month).with(|s| s.now = midnight);
    let tomorrow = yesterday.with(|s| (s.now, s.epoch) = (midnight - 1, s.epoch + 1));
    let mut all = Vec::new();
    for op in ["update", "touch", "reseal", "cycle", "login"] {
        let comment = format!("{op}: opened by an accepted key, sealed by another");
        all.push(done(&comment, "Rotation", op, |c| c.scene = accepted.clone()));
    }
    all.push(done("reseal: opened by a staged key, sealed by the present one", "Rotation", "reseal", |c| {
        c.scene = staged;
    }));
    all.push(done("reseal: opened by the epoch of yesterday", "Epoch", "reseal", |c| c.scene = yesterday));
    all.push(done("reseal: opened by the epoch of tomorrow", "Epoch", "reseal", |c| c.scene = tomorrow));
    all.push(done("create: with the key of an epoch", "Epoch", "create", |c| {
        c.scene = daily().with(month);
    }));
    all
}

fn deleted() -> Vec<Vector> {
    vec![
        done("delete: a session", "Operation", "delete", |_| {}),
        done("delete: no token at all", "Operation", "delete", |c| c.token = Some(String::new())),
        done("delete: a session that has expired", "Operation", "delete", |c| c.scene.now = EXPIRES),
        done("delete: without a key that seals", "NoSealingKey", "delete", |c| {
            c.token = Some(c.token());
            c.scene.roots.clear();
        }),
    ]
}
