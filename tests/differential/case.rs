//! A random session under a random key, and how another implementation is asked about it.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sealed_session::RootSecret;
use serde_json::{Value, json};

const DAY_S: u64 = 24 * 60 * 60;
pub(crate) const MAX_TTL_S: u64 = 30 * DAY_S;
/// 2026-11-18T12:53:20Z.
const NEAR_MS: u64 = 1_795_006_400_000;

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) secret: Vec<u8>,
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) period_s: u64,
    pub(crate) epoch: u64,
    pub(crate) salt: [u8; 24],
    pub(crate) associated_data: Vec<u8>,
    pub(crate) created: u64,
    pub(crate) renewed: u64,
    pub(crate) expires: u64,
    pub(crate) uid: [u8; 16],
    pub(crate) user: Option<String>,
    pub(crate) data: String,
    pub(crate) padding: usize,
    pub(crate) now: u64,
    pub(crate) leeway_ms: u64,
    pub(crate) max_lifetime_ms: u64,
    pub(crate) max_ttl_ms: u64,
    pub(crate) revoked: bool,
    pub(crate) retire_at_s: Option<u64>,
    pub(crate) activate_at_s: u64,
}

impl Case {
    pub(crate) fn random(rng: &mut StdRng) -> Self {
        let now = around(rng, NEAR_MS, 40 * DAY_S * 1000);
        let period_s = *[0, 0, 3_600, DAY_S, 7 * DAY_S, 90 * DAY_S].choose(rng).unwrap();
        // Mostly of the past two weeks, so that most sound tokens open; now and then of any time.
        let recent = rng.random_bool(0.8);
        let sealed_at = if recent {
            now - rng.random_range(0..14 * DAY_S * 1000)
        } else {
            around(rng, now, 50 * DAY_S * 1000)
        };
        let renewed = sealed_at + rng.random_range(0..100_000);
        let secret: Vec<u8> = (0..rng.random_range(32..=64)).map(|_| rng.random()).collect();
        let mut user = rng.random_bool(0.7).then(|| text(rng, 40));
        let mut data = format!("{{\"{}\":{}}}", rng.random::<u32>(), rng.random::<i64>());
        if rng.random_bool(0.2) {
            // The format does not look into the data: any text will do.
            data = text(rng, 900);
        }
        if rng.random_bool(0.02) {
            (user, data) = (Some("u".repeat(300)), "x".repeat(3_000));
        }
        Self {
            secret,
            app: text(rng, 12),
            name: format!("c{}", rng.random::<u16>()),
            period_s,
            epoch: (sealed_at / 1000).checked_div(period_s).unwrap_or(0),
            salt: rng.random(),
            associated_data: (0..rng.random_range(0..30)).map(|_| rng.random()).collect(),
            created: sealed_at,
            renewed,
            expires: renewed + rng.random_range(1..=MAX_TTL_S * 1000),
            uid: rng.random(),
            user,
            data,
            padding: rng.random_range(0..70),
            now,
            leeway_ms: rng.random_range(0..120_000),
            max_lifetime_ms: rng.random_range(1..200 * DAY_S * 1000),
            max_ttl_ms: rng.random_range(1..=MAX_TTL_S * 1000),
            revoked: rng.random_bool(0.05),
            retire_at_s: rng.random_bool(0.2).then(|| around(rng, NEAR_MS / 1000, 20 * DAY_S)),
            activate_at_s: if rng.random_bool(0.5) { 0 } else { NEAR_MS / 1000 - 20 * DAY_S - 1 },
        }
    }

    pub(crate) fn seal_request(&self) -> Value {
        self.request(json!({
            "op": "seal",
            "ad": hex(&self.associated_data),
            "created": self.created.to_string(),
            "renewed": self.renewed.to_string(),
            "expires": self.expires.to_string(),
            "user": self.user,
            "data": self.data,
            "pad": self.padding,
        }))
    }

    pub(crate) fn derive_request(&self) -> Value {
        self.request(json!({ "op": "derive" }))
    }

    pub(crate) fn open_request(&self, token: &str) -> Value {
        json!({
            "op": "open_ring",
            "ring": self.ring(),
            "app": self.app,
            "name": self.name,
            "ad": hex(&self.associated_data),
            "token": token,
            "now": self.now.to_string(),
            "leeway_ms": self.leeway_ms.to_string(),
            "max_lifetime_ms": self.max_lifetime_ms.to_string(),
            "max_ttl_ms": self.max_ttl_ms.to_string(),
        })
    }

    /// The ring file: the case's root, and another that activates later.
    pub(crate) fn ring(&self) -> Value {
        let other = RootSecret::from_bytes(&[0xEE; 32]).unwrap();
        json!({
            "format": "sealed-session-ring/1",
            "max_ttl_s": MAX_TTL_S,
            "keys": [
                key(&self.root(), self.period_s, self.activate_at_s, self.retire_at_s, self.revoked),
                key(&other, 0, NEAR_MS / 1000 + 10 * DAY_S, None, false),
            ],
        })
    }

    fn request(&self, mut rest: Value) -> Value {
        let own = json!({
            "secret": hex(&self.secret),
            "app": self.app,
            "name": self.name,
            "period_s": self.period_s.to_string(),
            "epoch": self.epoch.to_string(),
            "salt": hex(&self.salt),
            "uid": hex(&self.uid),
        });
        rest.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        rest
    }

    pub(crate) fn root(&self) -> RootSecret {
        RootSecret::from_bytes(&self.secret).unwrap()
    }
}

fn key(
    root: &RootSecret,
    period_s: u64,
    activate_at_s: u64,
    retire_at_s: Option<u64>,
    revoked: bool,
) -> Value {
    let time = |s: u64| jiff::Timestamp::from_second(i64::try_from(s).unwrap()).unwrap().to_string();
    json!({
        "secret": *root.to_text(),
        "period_s": period_s,
        "activate_at": time(activate_at_s),
        "retire_at": retire_at_s.map(time),
        "revoked": revoked,
    })
}

fn around(rng: &mut StdRng, middle: u64, by: u64) -> u64 {
    rng.random_range(middle - by..middle + by)
}

/// Text of up to so many characters, from ASCII, other scripts, quotes, controls and the astral planes.
pub(crate) fn text(rng: &mut StdRng, most: usize) -> String {
    let len = rng.random_range(0..=most);
    (0..len)
        .map(|_| match rng.random_range(0..10) {
            0 => *['é', 'ß', 'Ω', 'ж', '中', 'क', '\u{200d}', '\u{feff}', '😀'].choose(rng).unwrap(),
            1 => *['"', '\\', '/', '<', '\u{1}', '\u{7f}', '\u{2028}'].choose(rng).unwrap(),
            _ => rng.random_range(b' '..=b'~') as char,
        })
        .collect()
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
