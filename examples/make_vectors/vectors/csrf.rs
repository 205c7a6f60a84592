//! CSRF tokens: made, taken and refused.

use sealed_session::SessionUid;
use sealed_session::hazmat::csrf_token;

use super::file::{self, File, Vector};
use super::json::{Json, Members, hex};
use super::open_valid::daily;
use super::scene::{CREATED, DAY, DAY_S, RENEWED, RootLife, Scene, UID, decode, encode, root, salt, scene};
use super::seal;

pub(crate) fn file() -> File {
    let mut vectors = made();
    vectors.extend(taken());
    let refused = [texts(), keys(), macs()].into_iter().flatten();
    vectors.extend(refused.map(Refused::into_vector));
    let header = [
        "CSRF tokens (SPEC.md, section 13).",
        "CsrfMade: at `now`, a server with this ring file, application id, cookie name and leeway makes \
         `csrf_token` for the session `uid` with the given salt, and takes it.",
        "CsrfTaken: it takes `csrf_token` for the session `uid`.",
        "CsrfRefused: it refuses it. `check` is the step that refuses: length or base64 (step 1), key_id \
         (2), mac (3). With `repair` it takes it.",
    ];
    file::build("csrf.json", &header, vectors)
}

fn token(scene: &Scene, salt: &[u8; 24]) -> String {
    csrf_token(&scene.secret(), &scene.context(), salt, SessionUid::from_bytes(UID)).unwrap()
}

fn server(scene: &Scene) -> Members {
    ["ring", "app", "name", "leeway_ms"].into_iter().map(|member| (member, scene.member(member))).collect()
}

fn made() -> Vec<Vector> {
    let rotated = scene().with(|s| {
        (s.roots, s.sealing) = (vec![root(1), RootLife { activate_at_ms: RENEWED, ..root(2) }], 1);
    });
    let nameless = scene().with(|s| s.app = String::new());
    let cases = [
        ("the first known answer of SPEC.md", "KnownAnswer", seal::first_known(), seal::first_salt()),
        ("the second known answer of SPEC.md", "KnownAnswer", seal::second_known(), seal::second_salt()),
        ("under the key that has just been activated", "Normal", rotated, salt("made 1")),
        ("under a key of an epoch", "Epoch", daily(), salt("made 2")),
        ("without an application id", "Normal", nameless, salt("made 3")),
    ];
    let of = |(comment, flag, scene, salt): (&str, &'static str, Scene, [u8; 24])| {
        let body = members! {
            "uid": hex(&UID),
            "now": scene.now,
            "salt": hex(&salt),
            "csrf_token": token(&scene, &salt),
        };
        vector("CsrfMade", comment, flag, &scene, true, body)
    };
    cases.into_iter().map(of).collect()
}

fn vector(
    kind: &'static str,
    comment: &str,
    flag: &'static str,
    scene: &Scene,
    valid: bool,
    body: Members,
) -> Vector {
    Vector { kind, group: server(scene), comment: comment.into(), flags: vec![flag], valid, body }
}

fn taken() -> Vec<Vector> {
    let next = RootLife { activate_at_ms: RENEWED + 1, ..root(2) };
    let staged = scene().with(|s| (s.roots, s.sealing) = (vec![root(1), next], 1));
    let accepted = scene().with(|s| s.roots.push(RootLife { activate_at_ms: RENEWED, ..root(2) }));
    let retiring = scene().with(|s| s.roots[0].retire_at_ms = Some(s.now + 1));
    let midnight = (RENEWED / DAY + 1) * DAY;
    let cases = [
        ("under an accepted key", "Normal", accepted),
        ("under a staged key", "KeyStaged", staged),
        ("under a key 1 ms before it is gone", "KeyGone", retiring),
        (
            "long after the session has expired: it has no expiry of its own",
            "Expiry",
            scene().with(|s| s.now += 365 * DAY),
        ),
        (
            "under an epoch 1 ms before its grace is over",
            "Epoch",
            daily().with(|s| s.now = midnight + DAY + 3_599_999),
        ),
    ];
    let of = |(comment, flag, scene): (&str, &'static str, Scene)| {
        let body = members! {
            "uid": hex(&UID),
            "now": scene.now,
            "csrf_token": token(&scene, &salt(comment)),
        };
        vector("CsrfTaken", comment, flag, &scene, true, body)
    };
    cases.into_iter().map(of).collect()
}

struct Refused {
    comment: String,
    flag: &'static str,
    check: &'static str,
    scene: Scene,
    uid: [u8; 16],
    token: String,
    repair: (&'static str, Json),
}

impl Refused {
    /// Another text than the one that was made.
    fn respelt(what: (&str, &'static str, &'static str), change: impl FnOnce(&str) -> String) -> Self {
        let (comment, flag, check) = what;
        let scene = scene();
        let good = token(&scene, &salt(comment));
        let repair = ("csrf_token", Json::from(&good));
        Self { comment: comment.into(), flag, check, scene, uid: UID, token: change(&good), repair }
    }

    fn altered(what: (&str, &'static str, &'static str), change: impl FnOnce(&mut [u8])) -> Self {
        Self::respelt(what, |good| {
            let mut octets = decode(good);
            change(&mut octets);
            encode(&octets)
        })
    }

    /// A sound CSRF token that is shown to a server that differs in one member.
    fn elsewhere(
        (comment, flag): (&str, &'static str),
        good: &Scene,
        member: &'static str,
        change: impl FnOnce(&mut Scene),
    ) -> Self {
        let token = token(good, &salt(comment));
        let repair = (member, good.member(member));
        Self {
            comment: comment.into(),
            flag,
            check: "key_id",
            scene: good.with(change),
            uid: UID,
            token,
            repair,
        }
    }

    fn into_vector(self) -> Vector {
        let body = members! {
            "uid": hex(&self.uid),
            "now": self.scene.now,
            "csrf_token": self.token,
            "check": self.check,
            "repair": Json::Object(vec![self.repair]),
        };
        vector("CsrfRefused", &self.comment, self.flag, &self.scene, false, body)
    }
}

fn texts() -> Vec<Refused> {
    let respelt = |comment, flag, check, change: &dyn Fn(&str) -> String| {
        Refused::respelt((comment, flag, check), change)
    };
    let replaced = |good: &str, by: &str| format!("{}{by}{}", &good[..50], &good[51..]);
    vec![
        respelt("no text", "Truncated", "length", &|_| String::new()),
        respelt("the last character cut", "Truncated", "length", &|good| good[..95].into()),
        respelt("the last three bytes cut", "Truncated", "length", &|good| good[..92].into()),
        respelt("three bytes more", "Extended", "length", &|good| format!("{good}AAAA")),
        respelt("a line feed at the end", "Base64WhiteSpace", "length", &|good| format!("{good}\n")),
        respelt("95 characters and an é: 97 octets", "Base64Alphabet", "length", &|good| {
            format!("{}é", &good[..95])
        }),
        respelt("94 characters and an é: 96 octets", "Base64Alphabet", "base64", &|good| {
            format!("{}é", &good[..94])
        }),
        respelt("a plus sign within", "Base64Alphabet", "base64", &|good| replaced(good, "+")),
        respelt("a slash within", "Base64Alphabet", "base64", &|good| replaced(good, "/")),
        respelt("a space within", "Base64WhiteSpace", "base64", &|good| replaced(good, " ")),
        respelt("a line feed for the last character", "Base64WhiteSpace", "base64", &|good| {
            format!("{}\n", &good[..95])
        }),
        respelt("= for the last character", "Base64Padding", "base64", &|good| format!("{}=", &good[..95])),
        respelt("== for the last two characters", "Base64Padding", "base64", &|good| {
            format!("{}==", &good[..94])
        }),
    ]
}

fn keys() -> Vec<Refused> {
    let fixed = scene();
    let retiring = fixed.with(|s| s.roots[0].retire_at_ms = Some(RENEWED + 1));
    let midnight = (RENEWED / DAY + 1) * DAY;
    let old = daily().with(|s| s.now = midnight + DAY + 3_599_999);
    let mut all = vec![
        Refused::elsewhere(("under a revoked key", "KeyRevoked"), &fixed, "ring", |s| {
            s.roots[0].revoked = true;
        }),
        Refused::elsewhere(
            ("under a key at the moment at which it is gone", "KeyGone"),
            &retiring,
            "now",
            |s| s.now += 1,
        ),
        Refused::elsewhere(("under a key of another ring", "OtherRoot"), &fixed, "ring", |s| {
            s.roots = vec![root(2)];
        }),
        Refused::elsewhere(("under a key of another cookie", "OtherName"), &fixed, "name", |s| {
            s.name = "sid".into();
        }),
        Refused::elsewhere(("under a key of another application", "OtherApp"), &fixed, "app", |s| {
            s.app = "blog".into();
        }),
        Refused::elsewhere(("under an epoch whose grace is just over", "Epoch"), &old, "now", |s| s.now += 1),
        Refused::elsewhere(("under a daily key where the key is fixed", "Epoch"), &daily(), "ring", |s| {
            s.roots[0].period_s = 0;
        }),
        Refused::elsewhere(("under a fixed key where the key is daily", "Epoch"), &fixed, "ring", |s| {
            s.roots[0].period_s = DAY_S;
        }),
    ];
    all.push(of_bound_name());
    for at in [0, 8, 15] {
        let comment = format!("byte {at} of the key id changed");
        all.push(Refused::altered((&comment, "KeyId", "key_id"), |octets| octets[at] ^= 1));
    }
    all
}

/// The forms of a session that is bound to a device have tokens of the cookie's own name.
fn of_bound_name() -> Refused {
    let comment = "under the key of the name that sessions are bound to devices by";
    let bound = scene().with(|s| s.name.push_str(";dbsc-bound"));
    Refused::respelt((comment, "OtherName", "key_id"), |_| token(&bound, &salt(comment)))
}

fn macs() -> Vec<Refused> {
    let mut all = Vec::new();
    for (what, flag, first, places) in
        [("salt", "Salt", 16, [0, 11, 23].as_slice()), ("mac", "Tag", 40, &[0, 1, 15, 16, 30, 31])]
    {
        for at in places {
            let bit = at % 8;
            let comment = format!("bit {bit} of byte {at} of the {what} changed");
            all.push(Refused::altered((&comment, flag, "mac"), |octets| octets[first + at] ^= 1 << bit));
        }
    }
    all.push(Refused::altered(("a mac of zero bytes", "Tag", "mac"), |octets| octets[40..].fill(0)));
    for (comment, at) in [("for a session whose uid differs in its first byte", 0), ("in its last byte", 15)]
    {
        let mut refused = Refused::respelt((comment, "OtherSession", "mac"), str::to_owned);
        refused.uid[at] ^= 1;
        refused.repair = ("uid", Json::from(hex(&UID)));
        all.push(refused);
    }
    all.push(spliced());
    all.push(of_token_key());
    all
}

/// Two keys of one ring: the id of one, salt and mac of the other.
fn spliced() -> Refused {
    let comment = "the key id of another key of the ring";
    let scene = scene().with(|s| s.roots.push(RootLife { activate_at_ms: CREATED, ..root(2) }));
    let (good, other) =
        (token(&scene, &salt(comment)), token(&scene.with(|s| s.sealing = 1), &salt(comment)));
    let bad = encode(&[&decode(&other)[..16], &decode(&good)[16..]].concat());
    Refused {
        comment: comment.into(),
        flag: "Spliced",
        check: "mac",
        scene,
        uid: UID,
        token: bad,
        repair: ("csrf_token", Json::from(good)),
    }
}

/// The key of a message in the place of the mac: both are 32 bytes derived with the same salt.
fn of_token_key() -> Refused {
    let comment = "the message key of that salt for a mac";
    let scene = scene();
    let derived = sealed_session::hazmat::derive(&scene.secret(), &scene.context(), &salt(comment)).unwrap();
    Refused::altered((comment, "Tag", "mac"), |octets| {
        octets[40..].copy_from_slice(derived.message_key.as_slice());
    })
}
