//! `sealed-session`, with the AEAD provider that this build has.

use sealed_session::hazmat::{self, ManualClock};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionId, SessionPlugin};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

/// The name of ours: what every ratio is to.
pub const OURS: &str = "sealed-session";

/// A store over a ring of one key.
pub struct Ours(SealedStore);

impl Ours {
    /// As a server has it: the salt comes from the operating system.
    #[must_use]
    pub fn new() -> Self {
        Self(SealedStore::builder(ring()).cookie_name(COOKIE).build().expect("the settings agree"))
    }

    /// With a salt that costs nothing, for the comparison without generators.
    #[must_use]
    pub fn with_fixed_salt() -> Self {
        let builder = SealedStore::builder(ring()).cookie_name(COOKIE);
        let fixed = hazmat::with_randomness(builder, |out| {
            out.fill(0x5A);
            true
        });
        Self(fixed.build().expect("the settings agree"))
    }

    fn create(store: &SealedStore, claims: &Claims) -> String {
        let options = CreateOptions {
            user_id: Some(claims.user.clone()),
            data_json: claims.data.get().to_owned(),
            ttl_ms: claims.ttl_ms(),
        };
        store.create(options).expect("it fits").0
    }
}

impl Default for Ours {
    fn default() -> Self {
        Self::new()
    }
}

fn ring() -> KeyRing {
    KeyRing::single(RootSecret::from_bytes(&[7; 32]).expect("32 bytes"))
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        OURS
    }

    fn seal(&self, claims: &Claims) -> String {
        Self::create(&self.0, claims)
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let record = self.0.read(&SessionId::new(token)).ok()?;
        Some(Opened {
            user: record.user_id?,
            created_ms: record.created_at_ms,
            expires_ms: record.expires_at_ms,
            data: record.data_json,
        })
    }

    /// The store takes no times from a caller, so this one's clock was a week behind.
    fn expired(&self, claims: &Claims) -> String {
        let clock = ManualClock::at(claims.of_yesterday().created_ms);
        let store = SealedStore::builder(ring()).cookie_name(COOKIE).clock(clock);
        Self::create(&store.build().expect("the settings agree"), claims)
    }
}
