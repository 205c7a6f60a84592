//! The sessions of the accumulated vector, drawn from a stream that anybody can make again.
//!
//! `test-vectors/README.md` describes the draw for other implementers, in the same order.

use sealed_session::hazmat::{Context, Fields, Provider, seal_plaintext};
use sealed_session::{RootSecret, SessionUid};
use sha2::{Digest, Sha256};

use super::json::{Members, hex};

pub(crate) const COUNT: u64 = 100_000;
pub(crate) const SEED: &str = "sealed-session/v1 accumulated vector";
/// No session takes more octets of its stream.
const MOST_DRAWN: usize = 768;
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789 .,:;+-_/{}[]&<>='éßΩжא中क€😀𝄞";
const PERIODS: [u64; 8] = [0, 0, 0, 0, 86_400, 604_800, 2_592_000, 7_776_000];

/// One of the sessions, and all that it is sealed with.
pub(crate) struct Drawn {
    pub(crate) secret: Vec<u8>,
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) period_s: u64,
    pub(crate) epoch: u64,
    pub(crate) created: u64,
    pub(crate) renewed: u64,
    pub(crate) expires: u64,
    pub(crate) salt: [u8; 24],
    pub(crate) uid: [u8; 16],
    pub(crate) ad: Vec<u8>,
    pub(crate) user: Option<String>,
    pub(crate) data: String,
    pub(crate) padding: usize,
}

/// Draws all sessions.
pub(crate) struct Sessions {
    key: [u8; 32],
    letters: Vec<char>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self { key: Sha256::digest(SEED).into(), letters: LETTERS.chars().collect() }
    }

    pub(crate) fn draw(&self, index: u64) -> Drawn {
        let mut draw = Draw { stream: self.stream(index), at: 0, letters: &self.letters };
        let secret_len = 32 + draw.octet() % 33;
        let secret = draw.octets(secret_len);
        let app_len = draw.octet() % 13;
        let app = draw.text(app_len);
        let name = format!("s{}", draw.number::<2>());
        let period_s = PERIODS[draw.octet() % 8];
        let created = 1_600_000_000_000 + draw.number::<8>() % 400_000_000_000;
        let renewed = created + draw.number::<4>() % 86_400_000;
        let expires = renewed + 1 + draw.number::<4>() % 2_592_000_000;
        let (salt, uid) = (draw.array(), draw.array());
        let ad_len = draw.octet() % 33;
        let ad = draw.octets(ad_len);
        let user = draw.user();
        let data = draw.data();
        let padding = draw.octet() % 64;
        let epoch = (renewed / 1000).checked_div(period_s).unwrap_or(0);
        Drawn {
            secret,
            app,
            name,
            period_s,
            epoch,
            created,
            renewed,
            expires,
            salt,
            uid,
            ad,
            user,
            data,
            padding,
        }
    }

    /// The key stream of ChaCha20 from block 1 on, which is what the AEAD makes of zeros.
    fn stream(&self, index: u64) -> [u8; MOST_DRAWN] {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&index.to_be_bytes());
        let mut stream = [0; MOST_DRAWN];
        Provider::in_use().seal(&self.key, &nonce, b"", &mut stream).unwrap();
        stream
    }
}

impl Drawn {
    pub(crate) fn root(&self) -> RootSecret {
        RootSecret::from_bytes(&self.secret).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        let fields = Fields {
            created_at_ms: self.created,
            renewed_at_ms: self.renewed,
            expires_at_ms: self.expires,
            uid: SessionUid::from_bytes(self.uid),
            user_id: self.user.as_deref(),
            data: &self.data,
        };
        let context = Context {
            app_id: &self.app,
            cookie_name: &self.name,
            period_s: self.period_s,
            epoch: self.epoch,
        };
        seal_plaintext(&self.root(), &context, &self.salt, &self.ad, &fields.encode(self.padding)).unwrap()
    }

    /// As vectors of sealing name it.
    pub(crate) fn members(&self) -> Members {
        members! {
            "secret": hex(&self.secret),
            "app": &self.app,
            "name": &self.name,
            "period_s": self.period_s,
            "epoch": self.epoch,
            "salt": hex(&self.salt),
            "ad": hex(&self.ad),
            "created_at_ms": self.created,
            "renewed_at_ms": self.renewed,
            "expires_at_ms": self.expires,
            "uid": hex(&self.uid),
            "user": self.user.as_ref(),
            "data": &self.data,
            "padding": self.padding,
            "token": self.token(),
        }
    }
}

/// A session's stream, read from its start.
struct Draw<'a> {
    stream: [u8; MOST_DRAWN],
    at: usize,
    letters: &'a [char],
}

impl Draw<'_> {
    fn octets(&mut self, count: usize) -> Vec<u8> {
        self.at += count;
        self.stream[self.at - count..self.at].to_vec()
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.octets(N).try_into().unwrap()
    }

    fn octet(&mut self) -> usize {
        self.octets(1)[0].into()
    }

    /// A big-endian integer of `N` octets.
    fn number<const N: usize>(&mut self) -> u64 {
        self.octets(N).into_iter().fold(0, |number, octet| number << 8 | u64::from(octet))
    }

    fn text(&mut self, letters: usize) -> String {
        (0..letters).map(|_| self.letters[self.octet() % 64]).collect()
    }

    /// One session in four is anonymous.
    fn user(&mut self) -> Option<String> {
        if self.octet().is_multiple_of(4) {
            return None;
        }
        let len = self.octet() % 41;
        Some(self.text(len))
    }

    fn data(&mut self) -> String {
        let name_len = self.octet() % 16;
        let name = self.text(name_len);
        let value_len = self.number::<2>() % 500;
        let value = self.text(value_len as usize);
        format!(r#"{{"{name}":"{value}"}}"#)
    }
}
