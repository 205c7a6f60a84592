//! Everything that is derived from a root secret, with all that comes in between.

use hkdf::Hkdf;
use sealed_session::hazmat::{Context, csrf_token, derive};
use sealed_session::{RootSecret, SessionUid, join_associated_data};
use sha2::Sha256;

use super::file::{self, File, Vector};
use super::json::{Json, Members, hex};
use super::scene::{DAY_S, UID, decode, salt};

pub(crate) fn file() -> File {
    let mut vectors = known_answers();
    vectors.extend(secrets());
    vectors.extend(contexts());
    vectors.extend(refused());
    vectors.extend(joins());
    let header = [
        "Keys and ids (SPEC.md, section 6), CSRF macs (section 13) and joined associated data (section 7).",
        "Derivation: `context` is the input of that name in section 6; `csrf_token` is made with the same \
         salt as the message key, which only a test vector may do.",
        "DerivationRefused: deriving fails for the reason `check` (the length of the secret, of the \
         application id or of the cookie name), and with `repair` it does not.",
        "Join: `parts` join to `joined`.",
    ];
    file::build("derivation.json", &header, vectors)
}

#[derive(Clone)]
struct Input {
    secret: Vec<u8>,
    app: String,
    name: String,
    period_s: u64,
    epoch: u64,
    salt: [u8; 24],
}

fn input(what: &str) -> Input {
    Input {
        secret: vec![7; 32],
        app: "shop.example".into(),
        name: "__Host-session".into(),
        period_s: 0,
        epoch: 0,
        salt: salt(what),
    }
}

impl Input {
    fn into_vector(self, comment: &str, flag: &'static str) -> Vector {
        let mut body = self.members();
        body.extend(self.outputs());
        vector("Derivation", comment, flag, true, body)
    }

    fn members(&self) -> Members {
        members! {
            "secret": hex(&self.secret),
            "app": text(&self.app),
            "name": text(&self.name),
            "period_s": self.period_s,
            "epoch": self.epoch,
            "salt": hex(&self.salt),
            "uid": hex(&UID),
        }
    }

    fn outputs(&self) -> Members {
        let root = RootSecret::from_bytes(&self.secret).unwrap();
        let context = Context {
            app_id: &self.app,
            cookie_name: &self.name,
            period_s: self.period_s,
            epoch: self.epoch,
        };
        let (prk, _) = Hkdf::<Sha256>::extract(Some(b"sealed-session/v1 root secret"), &self.secret);
        let derived = derive(&root, &context, &self.salt).unwrap();
        let csrf = csrf_token(&root, &context, &self.salt, SessionUid::from_bytes(UID)).unwrap();
        let mut outputs = members! { "prk": hex(&prk), "root_id": derived.root_id.to_string() };
        // The long ones would fill pages with one letter.
        if self.app.len() + self.name.len() < 1000 {
            outputs.extend(members! { "context": hex(&self.context()) });
        }
        outputs.extend(members! {
            "sealing_key": hex(derived.sealing_key.as_slice()),
            "key_id": derived.key_id.to_string(),
            "message_key": hex(derived.message_key.as_slice()),
            "csrf_mac": hex(&decode(&csrf)[40..]),
            "csrf_token": csrf,
        });
        outputs
    }

    fn context(&self) -> Vec<u8> {
        let mut context = [self.period_s.to_be_bytes(), self.epoch.to_be_bytes()].concat();
        for text in [&self.app, &self.name] {
            context.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            context.extend(text.bytes());
        }
        context
    }
}

/// A text, or the short form of one that repeats a single character very often.
pub(crate) fn text(text: &str) -> Json {
    if text.len() < 10_000 {
        return Json::from(text);
    }
    let first = &text[..1];
    assert_eq!(text, first.repeat(text.len()));
    Json::Object(members! { "repeat": first, "times": text.len() })
}

fn vector(kind: &'static str, comment: &str, flag: &'static str, valid: bool, body: Members) -> Vector {
    Vector { kind, group: vec![], comment: comment.into(), flags: vec![flag], valid, body }
}

/// SPEC.md, section 18.
fn known_answers() -> Vec<Vector> {
    let first = Input {
        secret: (0..32).collect(),
        app: String::new(),
        salt: std::array::from_fn(|at| 0xA0 + at as u8),
        ..input("")
    };
    let second = Input {
        secret: vec![0x5A; 64],
        name: "sid".into(),
        period_s: DAY_S,
        epoch: 20_775,
        salt: std::array::from_fn(|at| 0x64 + at as u8),
        ..input("")
    };
    vec![
        first.into_vector("the first known answer of SPEC.md", "KnownAnswer"),
        second.into_vector("the second known answer of SPEC.md", "KnownAnswer"),
    ]
}

fn secrets() -> Vec<Vector> {
    let of = |(comment, secret): (&str, Vec<u8>)| {
        Input { secret, ..input(comment) }.into_vector(comment, "SecretLength")
    };
    let secrets = [
        ("a secret of 32 bytes", (32..64).collect()),
        ("the same secret and a zero byte", (32..64).chain([0]).collect()),
        ("a zero byte and the same secret", std::iter::once(0).chain(32..64).collect()),
        ("a secret of 48 bytes", (48..96).collect()),
        ("a secret of 63 bytes", (63..126).collect()),
        ("a secret of 64 bytes, a block of SHA-256", (64..128).collect()),
    ];
    secrets.into_iter().map(of).collect()
}

fn contexts() -> Vec<Vector> {
    let names = [
        ("no application id, name \"abc\"", "Separator", "", "abc"),
        ("application \"a\", name \"bc\"", "Separator", "a", "bc"),
        ("application \"ab\", name \"c\"", "Separator", "ab", "c"),
        ("application \"abc\", no name", "Separator", "abc", ""),
        ("application and name swapped", "Separator", "__Host-session", "shop.example"),
        ("a byte that looks like a length", "Separator", "a\0\u{1}b", "c"),
        ("no application id and no name", "Normal", "", ""),
        ("an application id of other scripts", "Unicode", "магазин.例え", "sid"),
        ("é in one code point", "Unicode", "caf\u{e9}", "sid"),
        ("é in two code points", "Unicode", "cafe\u{301}", "sid"),
        ("a name of 256 bytes", "TextLength", "", &"n".repeat(256)),
        ("an application id of 65,535 bytes", "TextLength", &"a".repeat(65_535), "sid"),
        ("a name of 65,535 bytes", "TextLength", "", &"n".repeat(65_535)),
    ];
    let of_names = |(comment, flag, app, name): (&str, &'static str, &str, &str)| {
        Input { app: app.into(), name: name.into(), ..input(comment) }.into_vector(comment, flag)
    };
    let epochs = [
        ("a daily key, epoch 0", DAY_S, 0),
        ("a daily key, epoch 1", DAY_S, 1),
        ("a daily key of today", DAY_S, 20_775),
        ("an hourly key of the same number", 3_600, 20_775),
        ("period and epoch swapped", 20_775, 3_600),
        ("a new key every second", 1, 1_795_000_000),
        ("the largest period", u64::MAX, 0),
        ("the largest epoch", 1, u64::MAX),
    ];
    let of_epochs = |(comment, period_s, epoch): (&str, u64, u64)| {
        Input { period_s, epoch, ..input(comment) }.into_vector(comment, "Epoch")
    };
    names.into_iter().map(of_names).chain(epochs.into_iter().map(of_epochs)).collect()
}

fn refused() -> Vec<Vector> {
    let of = |comment: &str, flag, check, input: &Input, good: Json| {
        let mut body = input.members();
        body.extend(members! { "check": check, "repair": Json::Object(vec![(check, good)]) });
        vector("DerivationRefused", comment, flag, false, body)
    };
    let mut vectors = Vec::new();
    for len in [0, 31, 65, 128] {
        let comment = format!("a root secret of {len} bytes");
        let input = Input { secret: vec![7; len], ..input(&comment) };
        let good = Json::from(hex(&vec![7; if len < 32 { 32 } else { 64 }]));
        vectors.push(of(&comment, "SecretLength", "secret", &input, good));
    }
    let comment = "an application id of 65,536 bytes";
    let app = Input { app: "a".repeat(65_536), ..input(comment) };
    vectors.push(of(comment, "TextLength", "app", &app, text(&"a".repeat(65_535))));
    let comment = "a cookie name of 65,536 bytes";
    let name = Input { name: "n".repeat(65_536), ..input(comment) };
    vectors.push(of(comment, "TextLength", "name", &name, text(&"n".repeat(65_535))));
    vectors
}

fn joins() -> Vec<Vector> {
    let lists: [(&str, &[&[u8]]); 8] = [
        ("no part", &[]),
        ("one empty part", &[b""]),
        ("two empty parts", &[b"", b""]),
        ("one part", &[b"tenant-7"]),
        ("\"ab\" and \"c\"", &[b"ab", b"c"]),
        ("\"a\" and \"bc\"", &[b"a", b"bc"]),
        ("\"c\" and \"ab\"", &[b"c", b"ab"]),
        ("octets that are no text, and a long part", &[&[0, 0xFF, 0x80], &[b'x'; 300]]),
    ];
    let of = |(comment, parts): (&str, &[&[u8]])| {
        let body = members! {
            "parts": parts.iter().map(|part| hex(part)).collect::<Json>(),
            "joined": hex(&join_associated_data(parts)),
        };
        vector("Join", comment, "AssociatedData", true, body)
    };
    lists.into_iter().map(of).collect()
}
