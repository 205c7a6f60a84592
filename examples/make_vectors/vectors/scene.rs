//! A session, the ring that it is sealed under, and the server that opens it: one sound whole, of which the
//! vectors change one thing each.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sealed_session::hazmat::{Context, Fields, Provider, derive, seal_plaintext};
use sealed_session::{KeyRing, Root, RootSecret, SessionUid};
use sha2::{Digest, Sha256};

use super::json::{Json, Members, hex};

pub(crate) const CREATED: u64 = 1_795_000_000_000;
pub(crate) const RENEWED: u64 = CREATED + 60_000;
pub(crate) const EXPIRES: u64 = RENEWED + HOUR;
pub(crate) const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 24 * HOUR;
pub(crate) const DAY_S: u64 = DAY / 1000;
/// For so long a session that is over by the server's settings alone is left in place.
pub(crate) const JUST_OVER: u64 = 600_000;
pub(crate) const UID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// A root secret with its life, as a ring file describes it.
#[derive(Clone)]
pub(crate) struct RootLife {
    pub(crate) secret: Vec<u8>,
    pub(crate) period_s: u64,
    pub(crate) activate_at_ms: u64,
    pub(crate) retire_at_ms: Option<u64>,
    pub(crate) revoked: bool,
}

#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) roots: Vec<RootLife>,
    pub(crate) max_ttl_s: u64,
    /// Which root seals, and with which epoch. Nothing keeps a vector from sealing with any.
    pub(crate) sealing: usize,
    pub(crate) epoch: u64,
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) ad: Vec<u8>,
    pub(crate) now: u64,
    pub(crate) leeway_ms: u64,
    pub(crate) max_lifetime_ms: u64,
    pub(crate) max_ttl_ms: u64,
    pub(crate) created: u64,
    pub(crate) renewed: u64,
    pub(crate) expires: u64,
    pub(crate) user: Option<String>,
    pub(crate) data: String,
    pub(crate) padding: usize,
}

/// A fixed root secret of 32 bytes, all equal, that has been active since 1970.
pub(crate) fn root(number: u8) -> RootLife {
    RootLife { secret: vec![number; 32], period_s: 0, activate_at_ms: 0, retire_at_ms: None, revoked: false }
}

/// A session of an hour that was renewed just now.
pub(crate) fn scene() -> Scene {
    Scene {
        roots: vec![root(1)],
        max_ttl_s: 30 * DAY_S,
        sealing: 0,
        epoch: 0,
        app: "shop.example".into(),
        name: "__Host-session".into(),
        ad: Vec::new(),
        now: RENEWED,
        leeway_ms: 60_000,
        max_lifetime_ms: 30 * DAY,
        max_ttl_ms: 30 * DAY,
        created: CREATED,
        renewed: RENEWED,
        expires: EXPIRES,
        user: Some("user-42".into()),
        data: r#"{"cart":["A1"]}"#.into(),
        padding: 0,
    }
}

impl Scene {
    /// The same with something changed.
    pub(crate) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    /// The same session of an hour, renewed at another time.
    pub(crate) fn renewed_at(&self, time: u64) -> Self {
        self.with(|s| (s.created, s.renewed, s.expires) = (time, time, time + HOUR))
    }

    /// When the session ends by the server's settings, whatever was sealed.
    pub(crate) fn limit(&self) -> u64 {
        let lifetime = self.created.saturating_add(self.max_lifetime_ms);
        lifetime.min(self.renewed.saturating_add(self.max_ttl_ms))
    }

    /// Whether a refusal of this session by this check may be the server's fault.
    pub(crate) fn is_transient(&self, check: &str) -> bool {
        let by_limits = self.limit()..self.limit().saturating_add(JUST_OVER).min(self.expires);
        check == "future" || check == "expired" && by_limits.contains(&self.now)
    }

    pub(crate) fn secret(&self) -> RootSecret {
        RootSecret::from_bytes(&self.roots[self.sealing].secret).unwrap()
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            app_id: &self.app,
            cookie_name: &self.name,
            period_s: self.roots[self.sealing].period_s,
            epoch: self.epoch,
        }
    }

    pub(crate) fn record(&self) -> Vec<u8> {
        let fields = Fields {
            created_at_ms: self.created,
            renewed_at_ms: self.renewed,
            expires_at_ms: self.expires,
            uid: SessionUid::from_bytes(UID),
            user_id: self.user.as_deref(),
            data: &self.data,
        };
        fields.encode(self.padding)
    }

    pub(crate) fn token(&self, salt: &[u8; 24]) -> String {
        self.token_of(salt, &self.record())
    }

    pub(crate) fn token_of(&self, salt: &[u8; 24], record: &[u8]) -> String {
        seal_plaintext(&self.secret(), &self.context(), salt, &self.ad, record).unwrap()
    }

    /// The token of another header, under a tag that is right for it: only a holder of the key makes such.
    pub(crate) fn reheaded(&self, salt: &[u8; 24], change: impl FnOnce(&mut [u8])) -> String {
        let derived = derive(&self.secret(), &self.context(), salt).unwrap();
        let mut header = [&[1], derived.key_id.as_bytes().as_slice(), salt].concat();
        change(&mut header);
        let mut text = self.record();
        let aad = [header.as_slice(), &self.ad].concat();
        let tag = Provider::in_use().seal(&derived.message_key, &[0; 12], &aad, &mut text).unwrap();
        encode(&[header.as_slice(), &text, &tag].concat())
    }

    /// The server that opens, as groups of vectors state it.
    pub(crate) fn server(&self) -> Members {
        ["ring", "app", "name", "leeway_ms", "max_lifetime_ms"]
            .into_iter()
            .map(|member| (member, self.member(member)))
            .collect()
    }

    /// The same with all that counts when a session is opened.
    pub(crate) fn opener(&self) -> Members {
        let mut members = self.server();
        members.push(("max_ttl_ms", self.member("max_ttl_ms")));
        members
    }

    /// What a vector calls by this name.
    pub(crate) fn member(&self, name: &str) -> Json {
        match name {
            "ring" => self.ring_file(),
            "app" => Json::from(&self.app),
            "name" => Json::from(&self.name),
            "ad" => Json::from(hex(&self.ad)),
            "now" => Json::from(self.now),
            "leeway_ms" => Json::from(self.leeway_ms),
            "max_lifetime_ms" => Json::from(self.max_lifetime_ms),
            "max_ttl_ms" => Json::from(self.max_ttl_ms),
            _ => panic!("no vector has a member {name}"),
        }
    }

    /// The object of a ring file; its numbers are numbers, as that format has them.
    pub(crate) fn ring_file(&self) -> Json {
        let key = |root: &RootLife| {
            let secret = RootSecret::from_bytes(&root.secret).unwrap().to_text();
            members! {
                "secret": secret.as_str(),
                "period_s": Json::Number(root.period_s),
                "activate_at": timestamp(root.activate_at_ms),
                "retire_at": root.retire_at_ms.map(timestamp),
                "revoked": root.revoked,
            }
        };
        Json::Object(members! {
            "format": "sealed-session-ring/1",
            "max_ttl_s": Json::Number(self.max_ttl_s),
            "keys": self.roots.iter().map(key).collect::<Json>(),
        })
    }

    /// The ring of this crate.
    pub(crate) fn ring(&self) -> KeyRing {
        let roots = self.roots.iter().map(|life| {
            let mut root = Root::new(RootSecret::from_bytes(&life.secret).unwrap())
                .rotating_every(Duration::from_secs(life.period_s))
                .unwrap()
                .activating_at(life.activate_at_ms);
            root = life.retire_at_ms.into_iter().fold(root, Root::retiring_at);
            if life.revoked { root.revoked() } else { root }
        });
        let ring = KeyRing::new(roots.collect()).unwrap();
        ring.with_max_ttl(Duration::from_secs(self.max_ttl_s)).unwrap()
    }
}

/// The time in the only form that a ring file has.
pub(crate) fn timestamp(ms: u64) -> String {
    Timestamp::from_millisecond(i64::try_from(ms).unwrap()).unwrap().to_string()
}

/// A salt of its own for every vector: the first 24 bytes of SHA-256 of what it is for.
pub(crate) fn salt(what: &str) -> [u8; 24] {
    Sha256::digest(what)[..24].try_into().unwrap()
}

/// The first salt of this name that a condition takes, for vectors that need a certain character in a token.
pub(crate) fn salt_for(what: &str, taken: impl Fn(&[u8; 24]) -> bool) -> [u8; 24] {
    (0..).map(|attempt| salt(&format!("{what} {attempt}"))).find(taken).unwrap()
}

pub(crate) fn encode(octets: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(octets)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
