//! This crate, asked about a case.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sealed_session::hazmat::{self, Context, Fields, ManualClock};
use sealed_session::{KeyRing, Reason, SealedStore, SessionId, SessionUid};
use serde_json::{Value, json};

use crate::case::{Case, hex};

impl Case {
    pub(crate) fn seal(&self) -> String {
        let fields = Fields {
            created_at_ms: self.created,
            renewed_at_ms: self.renewed,
            expires_at_ms: self.expires,
            uid: SessionUid::from_bytes(self.uid),
            user_id: self.user.as_deref(),
            data: &self.data,
        };
        let padding = match self.padding {
            0 => 0,
            multiple => fields.encode(0).len().next_multiple_of(multiple) - fields.encode(0).len(),
        };
        let record = fields.encode(padding);
        hazmat::seal_plaintext(&self.root(), &self.context(), &self.salt, &self.associated_data, &record)
            .unwrap()
    }

    /// What this crate says of a token, in the words of the line protocol.
    pub(crate) fn open(&self, token: &str) -> Value {
        let store = SealedStore::builder(KeyRing::from_json(&self.ring().to_string()).unwrap())
            .cookie_name(&self.name)
            .app_id(&self.app)
            .leeway(Duration::from_millis(self.leeway_ms))
            .max_lifetime(Duration::from_millis(self.max_lifetime_ms))
            .default_ttl(Duration::from_millis(1))
            .max_ttl(Duration::from_millis(self.max_ttl_ms))
            .clock(ManualClock::at(self.now))
            .build()
            .unwrap();
        match store.open_with(&SessionId::new(token), &self.associated_data) {
            Ok(session) => json!({ "ok": {
                "uid": session.uid().to_string(),
                "user": session.record().user_id,
                "data": session.record().data_json,
                "created": session.record().created_at_ms.to_string(),
                "renewed": session.renewed_at_ms().to_string(),
                "expires": session.record().expires_at_ms.to_string(),
                "key_id": session.key_id().to_string(),
                "key_state": session.key_state().as_str(),
            } }),
            Err(e) => {
                let check = match e.reason() {
                    Reason::KeyRevoked | Reason::KeyGone => "key_id",
                    reason => reason.as_str(),
                };
                json!({ "error": if e.is_not_found() { "not_found" } else { "invalid" }, "check": check })
            }
        }
    }

    pub(crate) fn derive(&self) -> Value {
        let derived = hazmat::derive(&self.root(), &self.context(), &self.salt).unwrap();
        let uid = SessionUid::from_bytes(self.uid);
        json!({
            "root_id": derived.root_id.to_string(),
            "sealing_key": hex(&*derived.sealing_key),
            "key_id": derived.key_id.to_string(),
            "message_key": hex(&*derived.message_key),
            "csrf_token": hazmat::csrf_token(&self.root(), &self.context(), &self.salt, uid).unwrap(),
        })
    }

    fn context(&self) -> Context<'_> {
        Context { app_id: &self.app, cookie_name: &self.name, period_s: self.period_s, epoch: self.epoch }
    }
}

/// The token with a character replaced, removed or added.
pub(crate) fn changed(token: &str, rng: &mut StdRng) -> String {
    let at = rng.random_range(0..token.len());
    let other = *b"Aaz09-_=+ ".choose(rng).unwrap() as char;
    match rng.random_range(0..4) {
        0 => format!("{}{}", &token[..at], &token[at + 1..]),
        1 => format!("{}{other}{}", &token[..at], &token[at..]),
        2 => token[..at].to_owned(),
        _ => format!("{}{other}{}", &token[..at], &token[at + 1..]),
    }
}
