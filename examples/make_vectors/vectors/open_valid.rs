//! Tokens that open, many of them just within a limit whose other side stands in `open_invalid`.

use sealed_session::join_associated_data;

use super::file::{self, File, Vector};
use super::json::{Json, Members, hex};
use super::scene::{CREATED, DAY, DAY_S, EXPIRES, HOUR, RENEWED, RootLife, Scene, UID, root, salt, scene};
use super::seal;

pub(crate) fn file() -> File {
    let mut vectors = vec![
        vector("the first known answer of SPEC.md", "KnownAnswer", &seal::first_known(), seal::first_salt()),
        vector(
            "the second known answer of SPEC.md",
            "KnownAnswer",
            &seal::second_known(),
            seal::second_salt(),
        ),
    ];
    let mut scenes = Scenes(Vec::new());
    sizes(&mut scenes);
    texts(&mut scenes);
    associated_data(&mut scenes);
    contexts(&mut scenes);
    times(&mut scenes);
    lifetimes(&mut scenes);
    ttls(&mut scenes);
    states(&mut scenes);
    epochs(&mut scenes);
    vectors.extend(scenes.0.into_iter().map(|(comment, flag, scene)| {
        let salt = salt(&comment);
        vector(&comment, flag, &scene, salt)
    }));
    let header = [
        "Tokens that open (SPEC.md, section 10).",
        "SealedSessionOpen: at `now`, a server with this ring file, application id, cookie name, leeway, \
         maximum lifetime and maximum TTL opens `token` with the associated data `ad`, and finds `opened`.",
    ];
    file::build("open_valid.json", &header, vectors)
}

struct Scenes(Vec<(String, &'static str, Scene)>);

impl Scenes {
    fn add(&mut self, comment: &str, flag: &'static str, change: impl FnOnce(&mut Scene)) {
        self.0.push((comment.to_owned(), flag, scene().with(change)));
    }
}

fn vector(comment: &str, flag: &'static str, scene: &Scene, salt: [u8; 24]) -> Vector {
    let body = members! {
        "token": scene.token(&salt),
        "ad": scene.member("ad"),
        "now": scene.now,
        "opened": Json::Object(opened(scene)),
    };
    let (comment, flags) = (comment.into(), vec![flag]);
    Vector { kind: "SealedSessionOpen", group: scene.opener(), comment, flags, valid: true, body }
}

fn opened(scene: &Scene) -> Members {
    let ring = scene.ring();
    let keys = ring.keys_at(&scene.app, &scene.name, scene.now, scene.leeway_ms).unwrap();
    let root = scene.secret().id();
    let key = keys.iter().find(|key| (key.root_id, key.epoch) == (root, scene.epoch)).unwrap();
    members! {
        "uid": hex(&UID),
        "user": scene.user.as_ref(),
        "data": &scene.data,
        "created_at_ms": scene.created,
        "renewed_at_ms": scene.renewed,
        "expires_at_ms": scene.expires.min(scene.limit()),
        "key_id": key.key_id.to_string(),
        "key_state": key.state.as_str(),
    }
}

fn sizes(to: &mut Scenes) {
    to.add("the shortest token, 138 characters", "Size", |s| (s.user, s.data) = (None, String::new()));
    to.add("the longest token, 8192 characters", "Size", |s| (s.user, s.data) = (None, "x".repeat(6_041)));
    to.add("a token of 8191 characters", "Size", |s| (s.user, s.data) = (None, "x".repeat(6_040)));
    to.add("the longest user id of any token", "Size", |s| {
        (s.user, s.data) = (Some("u".repeat(6_041)), String::new());
    });
    for padding in [1, 2, 3, 64, 4_000] {
        to.add(&format!("{padding} bytes of padding"), "Padding", |s| s.padding = padding);
    }
}

fn texts(to: &mut Scenes) {
    to.add("an anonymous session", "User", |s| s.user = None);
    to.add("an empty user id is not an anonymous session", "User", |s| s.user = Some(String::new()));
    to.add("a user id that holds NUL, quotes and a line feed", "User", |s| s.user = Some("\0\"'\n\\".into()));
    let edges = "\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}";
    to.add("a user id of the first and last code point of each length", "Unicode", |s| {
        s.user = Some(edges.into());
    });
    to.add("data of the first and last code point of each length", "Unicode", |s| s.data = edges.into());
    to.add("a user id that begins with a byte order mark", "Unicode", |s| s.user = Some("\u{feff}u".into()));
    to.add("data that begins with a byte order mark", "Unicode", |s| s.data = "\u{feff}{}".into());
    to.add("a user id with a combining accent, not normalized", "Unicode", |s| {
        s.user = Some("e\u{301}".into());
    });
    to.add("a user id of FF FF as text: U+FFFF", "Unicode", |s| s.user = Some("\u{ffff}".into()));
    for data in ["", "[]", "null", "{", "{} {}", "plain text", " { } "] {
        let comment = format!("an opener does not parse the data: {data:?}");
        to.add(&comment, "DataNotParsed", |s| s.data = data.into());
    }
    to.add("an opener does not count how deep the data is nested: 65 levels", "DataNotParsed", |s| {
        s.data = nested(65);
    });
    to.add("line separators in the data", "Unicode", |s| s.data = "{\"\u{2028}\":\"\u{2029}\"}".into());
}

fn associated_data(to: &mut Scenes) {
    let parts = |parts: &[&[u8]]| join_associated_data(parts);
    to.add("associated data", "AssociatedData", |s| s.ad = b"tenant-7".to_vec());
    to.add("associated data of one zero byte", "AssociatedData", |s| s.ad = vec![0]);
    to.add("associated data that is no text", "AssociatedData", |s| s.ad = vec![0xFF, 0xFE, 0x80]);
    to.add("two parts of associated data, joined", "AssociatedData", |s| s.ad = parts(&[b"ab", b"c"]));
    to.add("the same letters, joined otherwise", "AssociatedData", |s| s.ad = parts(&[b"a", b"bc"]));
    to.add("1000 bytes of associated data", "AssociatedData", |s| s.ad = vec![b'a'; 1000]);
}

fn contexts(to: &mut Scenes) {
    for (app, name) in [("", "sid"), ("ab", "c"), ("a", "bc"), ("", "abc"), ("магазин", "__Secure-é")]
    {
        to.add(&format!("application {app:?}, name {name:?}"), "Separator", |s| {
            (s.app, s.name) = (app.into(), name.into());
        });
    }
    for len in [33, 48, 63, 64] {
        to.add(&format!("a root secret of {len} bytes"), "SecretLength", |s| {
            s.roots[0].secret = vec![1; len];
        });
    }
}

fn times(to: &mut Scenes) {
    let last = u64::MAX;
    to.add("renewed at the moment of its creation", "TimeOrder", |s| s.created = s.renewed);
    to.add("expires 1 ms after it was renewed", "TimeOrder", |s| s.expires = s.renewed + 1);
    to.add("renewed as far ahead as the leeway allows", "Leeway", |s| s.now = RENEWED - s.leeway_ms);
    to.add("created ahead of the clock", "Leeway", |s| (s.now, s.created) = (RENEWED - 60_000, RENEWED));
    to.add("renewed now, without leeway", "Leeway", |s| s.leeway_ms = 0);
    to.add("renewed 1 ms ahead with 1 ms of leeway", "Leeway", |s| (s.now, s.leeway_ms) = (RENEWED - 1, 1));
    to.add("now + leeway is beyond the end of time", "Saturation", |s| {
        s.max_lifetime_ms = last;
        (s.now, s.created, s.renewed, s.expires) = (last - 1, last - 1, last - 1, last);
    });
    to.add("a session renewed at the last moment of time", "Saturation", |s| {
        (s.leeway_ms, s.max_lifetime_ms) = (last, last);
        (s.created, s.renewed, s.expires) = (0, last - 1, last);
    });
    to.add("a session of the first millisecond", "Saturation", |s| {
        (s.now, s.created, s.renewed, s.expires) = (0, 0, 0, 1);
    });
}

fn lifetimes(to: &mut Scenes) {
    to.add("1 ms before it expires", "Expiry", |s| s.now = EXPIRES - 1);
    to.add("1 ms before its lifetime is over", "Lifetime", |s| {
        (s.max_lifetime_ms, s.now) = (120_000, CREATED + 119_999);
    });
    to.add("the lifetime ends before the expiry, and is the expiry that is told", "Lifetime", |s| {
        s.max_lifetime_ms = 120_000;
    });
    to.add("the lifetime ends 1 ms after the expiry", "Lifetime", |s| {
        s.max_lifetime_ms = EXPIRES - CREATED + 1;
    });
    to.add("created + lifetime is beyond the end of time", "Saturation", |s| s.max_lifetime_ms = u64::MAX);
    to.add("no expiry but the lifetime", "Lifetime", |s| s.expires = u64::MAX);
}

/// A maximum TTL that is shorter than the one that the session was sealed under.
fn ttls(to: &mut Scenes) {
    to.add("1 ms before a maximum TTL after its renewal", "MaxTtl", |s| {
        (s.max_ttl_ms, s.now) = (120_000, RENEWED + 119_999);
    });
    to.add("the maximum TTL ends before the expiry, and is the expiry that is told", "MaxTtl", |s| {
        s.max_ttl_ms = 120_000;
    });
    to.add("the maximum TTL ends 1 ms after the expiry", "MaxTtl", |s| s.max_ttl_ms = HOUR + 1);
    to.add("the maximum TTL ends 1 ms before the lifetime, and both before the expiry", "MaxTtl", |s| {
        (s.max_ttl_ms, s.max_lifetime_ms) = (120_000, 180_001);
    });
    to.add("the lifetime ends 1 ms before the maximum TTL, and both before the expiry", "MaxTtl", |s| {
        (s.max_ttl_ms, s.max_lifetime_ms) = (120_000, 179_999);
    });
    to.add("no expiry but the maximum TTL", "MaxTtl", |s| {
        (s.expires, s.max_ttl_ms, s.max_lifetime_ms) = (u64::MAX, DAY, u64::MAX);
    });
    to.add("renewed + maximum TTL is beyond the end of time", "Saturation", |s| {
        let last = u64::MAX;
        (s.now, s.max_ttl_ms) = (last - 1, 3);
        (s.created, s.renewed, s.expires) = (last - 2, last - 2, last);
    });
}

fn states(to: &mut Scenes) {
    let next = |activate_at_ms| RootLife { activate_at_ms, ..root(2) };
    to.add("a staged key, 1 ms before it is activated", "KeyStaged", |s| {
        (s.roots, s.sealing) = (vec![root(1), next(s.now + 1)], 1);
    });
    to.add("a key at the moment of its activation", "KeyStaged", |s| {
        (s.roots, s.sealing) = (vec![root(1), next(s.now)], 1);
    });
    to.add("the key before it, at the same moment", "KeyStaged", |s| s.roots = vec![root(1), next(s.now)]);
    to.add("the key before it, 1 ms earlier", "KeyStaged", |s| s.roots = vec![root(1), next(s.now + 1)]);
    to.add("a key 1 ms before it is gone", "KeyGone", |s| s.roots[0].retire_at_ms = Some(s.now + 1));
    to.add("a ring that seals with none of its keys", "KeyStaged", |s| {
        s.roots[0].activate_at_ms = DAY * 30_000;
    });
    to.add("an accepted key beside a revoked and a gone one", "KeyRevoked", |s| {
        let revoked = RootLife { revoked: true, ..next(5) };
        let gone = RootLife { retire_at_ms: Some(7), secret: vec![3; 32], ..next(6) };
        (s.roots, s.sealing) = (vec![revoked, gone, root(4), RootLife { secret: vec![5; 32], ..next(8) }], 2);
    });
}

/// Data of so many levels: an object, and lists in it.
pub(crate) fn nested(levels: usize) -> String {
    format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1))
}

/// A root that changes its key daily, in a ring whose tokens live for an hour at most.
pub(crate) fn daily() -> Scene {
    scene().with(|scene| {
        scene.roots[0].period_s = DAY_S;
        (scene.max_ttl_s, scene.max_ttl_ms) = (3_600, HOUR);
        scene.epoch = RENEWED / DAY;
        scene.expires = RENEWED + 30 * DAY;
        scene.max_lifetime_ms = 90 * DAY;
    })
}

fn epochs(to: &mut Scenes) {
    let midnight = (RENEWED / DAY + 1) * DAY;
    // Renewed when it is opened: no token outlives the maximum TTL, and the epoch is what counts here.
    let mut add = |comment: &str, change: &dyn Fn(&mut Scene)| {
        let scene = daily().with(change);
        to.0.push((comment.to_owned(), "Epoch", scene.renewed_at(scene.now)));
    };
    add("the epoch of now", &|_| {});
    add("the last millisecond of an epoch", &|s| s.now = midnight - 1);
    add("the same epoch 1 ms later", &|s| s.now = midnight);
    add("the next epoch from its first millisecond on", &|s| (s.now, s.epoch) = (midnight, s.epoch + 1));
    add("the next epoch while the leeway reaches it", &|s| {
        (s.now, s.epoch) = (midnight - 60_000, s.epoch + 1);
    });
    // An epoch is kept for the longest TTL and a day after its end, by whole seconds.
    add("an epoch 1 ms before its grace is over", &|s| s.now = midnight + DAY + 3_600_000 - 1);
    add("a weekly epoch, whose grace is a week, 1 ms before it is over", &|s| {
        (s.roots[0].period_s, s.epoch) = (7 * DAY_S, RENEWED / (7 * DAY));
        s.now = (s.epoch + 2) * 7 * DAY + 3_600_000 - 1;
    });
    add("an epoch of a root that another has followed", &|s| {
        s.roots.push(RootLife { activate_at_ms: CREATED, ..root(2) });
    });
    add("an epoch of a root that is still staged", &|s| s.roots[0].activate_at_ms = RENEWED + DAY);
}
