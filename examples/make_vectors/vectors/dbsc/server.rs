//! A server that binds sessions to devices: what it seals, written down from the specification and not from the crate.

use sealed_session::SessionUid;
use sealed_session::hazmat::Fields;
use sha2::{Digest as _, Sha256};

use super::browser::Browser;
use crate::vectors::json::Members;
use crate::vectors::scene::{DAY, EXPIRES, RENEWED, Scene, encode, salt, scene};

pub(super) const PROOF_TTL: u64 = 600_000;
pub(super) const CHALLENGE_TTL: u64 = 1_200_000;
pub(super) const REGISTRATION_TTL: u64 = 60_000;
pub(super) const LIFETIME: u64 = 30 * DAY;
/// The uid of the session that has logged in.
pub(super) const LOGIN: [u8; 16] = [7; 16];
pub(super) const USER: Option<&str> = Some("user-42");

/// How long its texts are good for, in milliseconds, and the multiple that records are padded to.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub(super) proof: u64,
    pub(super) challenge: u64,
    pub(super) registration: u64,
    pub(super) identifier: u64,
    pub(super) padding: usize,
}

const USUAL: Settings = Settings {
    proof: PROOF_TTL,
    challenge: CHALLENGE_TTL,
    registration: REGISTRATION_TTL,
    identifier: LIFETIME,
    padding: 1,
};

/// All of them other ones, and challenges for longer at a registration.
pub(super) const OTHER: Settings =
    Settings { proof: 300_000, challenge: 450_000, registration: 900_000, identifier: 7 * DAY, padding: 64 };

#[derive(Clone)]
pub(super) struct Server(pub(super) Scene, pub(super) Settings);

impl Server {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn set(settings: Settings) -> Self {
        Self(scene(), settings)
    }

    pub(super) fn with(change: impl FnOnce(&mut Scene)) -> Self {
        Self(scene().with(change), USUAL)
    }

    /// The same, sealing with the last of its roots.
    pub(super) fn sealing_last(&self) -> Self {
        Self(self.0.with(|s| s.sealing = s.roots.len() - 1), self.1)
    }

    pub(super) fn data(&self) -> &str {
        &self.0.data
    }

    pub(super) fn members(&self) -> Members {
        let mut members = self.0.server();
        members.extend(members! {
            "proof_ttl_ms": self.1.proof,
            "challenge_ttl_ms": self.1.challenge,
            "registration_ttl_ms": self.1.registration,
            "identifier_lifetime_ms": self.1.identifier,
        });
        members.extend((self.1.padding > 1).then(|| ("padding", self.1.padding.into())));
        members
    }

    pub(super) fn registration_challenge(&self, random: &[u8]) -> String {
        self.challenge_of(
            random,
            &format!(r#"{{"register":"{}"}}"#, encode(&LOGIN)),
            RENEWED,
            self.1.registration,
        )
    }

    pub(super) fn refresh_challenge(&self, random: &[u8], identifier: &str, now: u64) -> String {
        let data = format!(r#"{{"refresh":"{}"}}"#, encode(&binding(identifier)));
        self.challenge_of(random, &data, now, self.1.challenge)
    }

    /// The same with so many octets of padding, as no server of the document makes it.
    pub(super) fn padded_challenge(
        &self,
        random: &[u8],
        identifier: &str,
        now: u64,
        padding: usize,
    ) -> String {
        let data = format!(r#"{{"refresh":"{}"}}"#, encode(&binding(identifier)));
        let times = [now, now, now + self.1.challenge];
        self.sealed_with(";dbsc-challenge", random, None, &data, times, |_| padding)
    }

    pub(super) fn challenge_of(&self, random: &[u8], data: &str, now: u64, ttl: u64) -> String {
        self.sealed(";dbsc-challenge", random, None, data, [now, now, now + ttl])
    }

    pub(super) fn identifier(
        &self,
        random: &[u8],
        browser: &Browser,
        user: Option<&str>,
        now: u64,
    ) -> String {
        let (x, y) = browser.x_y();
        self.identifier_of(random, user, &format!(r#"{{"x":"{x}","y":"{y}"}}"#), now)
    }

    pub(super) fn identifier_of(&self, random: &[u8], user: Option<&str>, data: &str, now: u64) -> String {
        self.sealed(";dbsc-identifier", random, user, data, [now, now, now + self.1.identifier])
    }

    pub(super) fn proof(&self, random: &[u8], identifier: &str, now: u64) -> String {
        let data = proof_data(identifier);
        self.proof_of(random, None, &data, now)
    }

    pub(super) fn proof_of(&self, random: &[u8], user: Option<&str>, data: &str, now: u64) -> String {
        self.sealed(";dbsc-proof", random, user, data, [now, now, now + self.1.proof])
    }

    /// A bound session with the data of the scene.
    pub(super) fn bound(&self, what: &str, identifier: &str, ad: &[u8]) -> String {
        self.bound_as(";dbsc-bound", what, identifier, ad)
    }

    /// The same under another name that begins with the cookie's.
    pub(super) fn bound_as(&self, suffix: &str, what: &str, identifier: &str, ad: &[u8]) -> String {
        let binding = binding(identifier);
        let joined = [&len(ad), ad, &len(&binding), &binding].concat();
        let named = self.0.with(|s| {
            s.name.push_str(suffix);
            s.ad = joined;
            (s.renewed, s.expires) = (RENEWED, EXPIRES);
        });
        named.token(&salt(what))
    }

    /// Under a name that begins with the cookie's: 16 octets of uid, and 24 of salt.
    pub(super) fn sealed(
        &self,
        suffix: &str,
        random: &[u8],
        user_id: Option<&str>,
        data: &str,
        times: [u64; 3],
    ) -> String {
        // Of the three texts, identifiers alone are padded.
        let multiple = if suffix == ";dbsc-identifier" { self.1.padding } else { 1 };
        self.sealed_with(suffix, random, user_id, data, times, |octets| {
            octets.next_multiple_of(multiple) - octets
        })
    }

    /// With the padding of a record of so many octets.
    fn sealed_with(
        &self,
        suffix: &str,
        random: &[u8],
        user_id: Option<&str>,
        data: &str,
        [created_at_ms, renewed_at_ms, expires_at_ms]: [u64; 3],
        padding: impl FnOnce(usize) -> usize,
    ) -> String {
        assert_eq!(random.len(), 40);
        let uid = SessionUid::from_bytes(random[..16].try_into().unwrap());
        let fields = Fields { created_at_ms, renewed_at_ms, expires_at_ms, uid, user_id, data };
        let named = self.0.with(|s| s.name.push_str(suffix));
        let padding = padding(fields.encode(0).len());
        named.token_of(random[16..].try_into().unwrap(), &fields.encode(padding))
    }
}

pub(super) fn proof_data(identifier: &str) -> String {
    format!(r#"{{"dbsc":"{}"}}"#, encode(&binding(identifier)))
}

/// The same base64url in which the last character of the last value has bits that encode nothing.
pub(super) fn respelt(data: &str) -> String {
    let at = data.len() - 3;
    let next = char::from(data.as_bytes()[at] + 1);
    format!("{}{next}{}", &data[..at], &data[at + 1..])
}

fn len(octets: &[u8]) -> [u8; 4] {
    u32::try_from(octets.len()).unwrap().to_be_bytes()
}

pub(super) fn binding(identifier: &str) -> [u8; 32] {
    Sha256::digest(identifier).into()
}

/// What a server draws, another for everything.
pub(super) fn random(what: &str, octets: usize) -> Vec<u8> {
    (0..octets.div_ceil(32)).flat_map(|at| Sha256::digest(format!("{what} {at}"))).take(octets).collect()
}
