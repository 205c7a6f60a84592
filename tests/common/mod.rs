//! What several test files share: fixed secrets, stores on a clock that stands still, and the one way in
//! which a refusal is checked. Nothing here derives, encodes or decodes with the crate's own code.

#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

use sealed_session::{KeyRing, Root, RootSecret};

/// 2026-11-18T11:06:40Z, in milliseconds; within daily epoch 20775.
pub(crate) const NOW: u64 = 1_795_000_000_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A secret that a number names.
pub(crate) fn secret(number: u8) -> RootSecret {
    RootSecret::from_bytes(&[number; 32]).unwrap()
}

/// A fixed root that has been active since 1970.
pub(crate) fn root(number: u8) -> Root {
    Root::new(secret(number))
}

pub(crate) fn ring(roots: Vec<Root>) -> KeyRing {
    KeyRing::new(roots).unwrap()
}

/// Strict base64url, written out here so that the crate's decoder is not its own judge.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for octet in text.bytes() {
        let value = ALPHABET.iter().position(|&known| known == octet)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then_some(bytes)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        let digit = |at: usize| char::from(ALPHABET[bits >> (18 - 6 * at) & 63]);
        text.extend((0..=chunk.len()).map(digit));
    }
    text
}

#[cfg(feature = "hazmat")]
pub(crate) use with_clock::*;

#[cfg(feature = "hazmat")]
mod with_clock {
    use sealed_session::hazmat::{Context, Fields, ManualClock, seal_plaintext};
    use sealed_session::{
        CreateOptions, OpenedSession, Reason, SealedStore, SealedStoreBuilder, SessionError, SessionId,
        SessionPlugin, SessionUid,
    };

    use super::{HOUR, NOW, ring, root, secret};

    /// The one message that every refused token gives.
    pub(crate) const REFUSED: &str = "the token was refused";

    pub(crate) fn invalid() -> SessionError {
        SessionError::Invalid(REFUSED.to_owned())
    }

    /// A store over secret 1, with all defaults.
    pub(crate) fn builder(clock: &ManualClock) -> SealedStoreBuilder {
        SealedStore::builder(ring(vec![root(1)])).clock(clock.clone())
    }

    pub(crate) fn store(clock: &ManualClock) -> SealedStore {
        builder(clock).build().unwrap()
    }

    pub(crate) fn options(user_id: Option<&str>, data_json: &str, ttl_ms: u64) -> CreateOptions {
        CreateOptions { user_id: user_id.map(str::to_owned), data_json: data_json.to_owned(), ttl_ms }
    }

    /// What stays equal when only the id is new.
    pub(crate) fn essence(session: &OpenedSession) -> impl PartialEq + std::fmt::Debug + use<> {
        let record = session.record();
        let times = (record.created_at_ms, session.renewed_at_ms(), record.expires_at_ms);
        (times, session.uid(), record.user_id.clone(), record.data_json.clone())
    }

    /// The context of the stores that [`builder`] makes.
    pub(crate) const CONTEXT: Context<'_> =
        Context { app_id: "", cookie_name: "__Host-session", period_s: 0, epoch: 0 };

    /// A live record of somebody, an hour long.
    pub(crate) const FIELDS: Fields<'_> = Fields {
        created_at_ms: NOW,
        renewed_at_ms: NOW,
        expires_at_ms: NOW + HOUR,
        uid: SessionUid::from_bytes([9; 16]),
        user_id: Some("user"),
        data: r#"{"a":1}"#,
    };

    /// A token that [`store`] takes for its own, whatever it holds.
    pub(crate) fn sealed(plaintext: &[u8]) -> SessionId {
        SessionId(seal_plaintext(&secret(1), &CONTEXT, &[3; 24], b"", plaintext).unwrap())
    }

    /// The check that refuses a token, after making sure that a client sees none of it.
    pub(crate) fn refusal(store: &SealedStore, token: &str) -> Reason {
        refusal_with(store, token, b"")
    }

    pub(crate) fn refusal_with(store: &SealedStore, token: &str, associated_data: &[u8]) -> Reason {
        let error = store.open_with(&SessionId::new(token), associated_data).expect_err(token);
        assert_eq!(SessionError::from(error), invalid());
        assert_eq!(error.keeps_cookie(), error.reason() == Reason::Future);
        assert!(!error.is_not_found());
        error.reason()
    }

    /// Every way in which a store opens a token refuses this one; deleting it is fine all the same.
    pub(crate) fn refusal_everywhere(store: &SealedStore, id: &SessionId) -> Reason {
        assert_eq!(store.read(id), Err(invalid()));
        assert_eq!(store.update(id, "{}"), Err(invalid()));
        assert_eq!(store.touch(id, 0), Err(invalid()));
        for change in [store.reseal(id), store.cycle(id), store.authenticate(id, "user")] {
            assert_eq!(change.map_err(SessionError::from), Err(invalid()));
        }
        assert_eq!(store.delete(id), Ok(()));
        refusal(store, id.as_str())
    }
}
