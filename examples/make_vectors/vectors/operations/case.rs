//! An operation, the sealer that is asked for it, and what it does.

use std::time::Duration;

use sealed_session::hazmat::{ManualClock, Provider, derive, with_randomness};
use sealed_session::{
    CreateOptions, KeyState, ResealError, SealedStore, SealedStoreBuilder, SessionId, TokenInfo,
};

use super::super::derivation;
use super::super::file::Vector;
use super::super::json::{Json, Members, hex};
use super::super::scene::{DAY, RENEWED, Scene, decode, salt, scene};

/// What a new session or a new token draws.
const NEW_UID: [u8; 16] = [0xE0; 16];

/// Times in milliseconds.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) op: &'static str,
    /// Ring, server and time; where the operation begins with a token, the session as well.
    pub(super) scene: Scene,
    pub(super) default_ttl: u64,
    pub(super) padding: usize,
    pub(super) max_token_chars: Option<usize>,
    pub(super) token: Option<String>,
    pub(super) ttl: u64,
    pub(super) user: Option<String>,
    pub(super) data: String,
    /// Members of another user's data that a login keeps.
    pub(super) keep: Vec<&'static str>,
}

pub(super) fn case(op: &'static str) -> Case {
    Case {
        op,
        scene: scene().with(|s| {
            s.now = RENEWED + 1_000;
            // A visitor who logs in keeps the data.
            s.user = s.user.take().filter(|_| op != "login");
        }),
        default_ttl: DAY,
        padding: 1,
        max_token_chars: None,
        token: None,
        ttl: 0,
        user: Some("user-7".into()),
        data: r#"{"a":1}"#.into(),
        keep: Vec::new(),
    }
}

impl Case {
    pub(super) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    /// The token that the operation begins with, unless another one is set.
    pub(super) fn token(&self) -> String {
        self.token.clone().unwrap_or_else(|| self.scene.token(&salt("the token before")))
    }

    pub(super) fn group(&self) -> Members {
        let mut group = self.scene.opener();
        group.extend(members! {
            "default_ttl_ms": self.default_ttl,
            "padding": self.padding,
            "max_token_chars": self.max_token_chars,
        });
        group
    }

    /// What a vector or a repair calls by this name.
    pub(super) fn member(&self, name: &str) -> Json {
        match name {
            "token" => Json::from(self.token()),
            "ttl_ms" => Json::from(self.ttl),
            "user" => self.user.as_deref().map_or(Json::Null, derivation::text),
            "data" => derivation::text(&self.data),
            "default_ttl_ms" => Json::from(self.default_ttl),
            "max_token_chars" => Json::from(self.max_token_chars),
            _ => self.scene.member(name),
        }
    }

    fn body(&self, comment: &str) -> Members {
        let mut body = members! { "op": self.op };
        let takes: &[&str] = match self.op {
            "create" => &["ttl_ms", "user", "data"],
            "update" => &["token", "data"],
            "touch" => &["token", "ttl_ms"],
            "login" => &["token", "user"],
            _ => &["token"],
        };
        body.extend(takes.iter().map(|name| (*name, self.member(name))));
        let keep = self.keep.iter().copied().collect::<Json>();
        body.extend((!self.keep.is_empty()).then_some(("keep", keep)));
        body.extend(members! { "ad": self.member("ad"), "now": self.scene.now });
        if matches!(self.op, "create" | "cycle" | "login") {
            body.extend(members! { "uid": hex(&NEW_UID) });
        }
        body.extend(members! { "salt": hex(&salt(comment)) });
        body
    }

    pub(super) fn vector(
        &self,
        kind: &'static str,
        (comment, flag): (&str, &'static str),
        outcome: Members,
    ) -> Vector {
        let mut body = self.body(comment);
        body.extend(outcome);
        let (group, flags, valid) = (self.group(), vec![flag], kind == "OperationDone");
        Vector { kind, group, comment: comment.into(), flags, valid, body }
    }

    /// A vector of what this crate does.
    pub(super) fn done(&self, comment: &str, flag: &'static str) -> Vector {
        let sealed = self.run(comment);
        let record = sealed.as_ref().map(|sealed| hex(&self.plaintext(sealed)));
        let outcome = members! { "record": record, "sealed": sealed };
        self.vector("OperationDone", (comment, flag), outcome)
    }

    fn store(&self, comment: &str) -> SealedStore {
        let drawn = [&NEW_UID[..], &salt(comment)].concat();
        let builder = with_randomness(self.builder(), move |out| {
            out.copy_from_slice(&drawn[drawn.len() - out.len()..]);
            true
        });
        builder.build().unwrap_or_else(|e| panic!("{comment}: {e}"))
    }

    fn builder(&self) -> SealedStoreBuilder {
        let builder = SealedStore::builder(self.scene.ring())
            .app_id(&self.scene.app)
            .cookie_name(&self.scene.name)
            .leeway(Duration::from_millis(self.scene.leeway_ms))
            .max_lifetime(Duration::from_millis(self.scene.max_lifetime_ms))
            .default_ttl(Duration::from_millis(self.default_ttl))
            .max_ttl(Duration::from_millis(self.scene.max_ttl_ms))
            .padding(self.padding)
            .clock(ManualClock::at(self.scene.now));
        self.max_token_chars.into_iter().fold(builder, SealedStoreBuilder::max_token_chars)
    }

    /// What the operation seals.
    fn run(&self, comment: &str) -> Option<String> {
        let (store, ad) = (self.store(comment), &self.scene.ad);
        let id = SessionId(self.token());
        let user = self.user.clone();
        let options = CreateOptions { user_id: user.clone(), data_json: self.data.clone(), ttl_ms: self.ttl };
        let sealed = match self.op {
            "create" => store.create_with(options, ad).map_err(ResealError::Seal),
            "update" => store.update_with(&id, &self.data, ad),
            "touch" => store.touch_with(&id, self.ttl, ad),
            "reseal" => store.reseal_with(&id, ad),
            "cycle" => store.cycle_with(&id, ad),
            "login" => store.authenticate_keeping_with(&id, &user.unwrap(), &self.keep, ad),
            _ => return None,
        };
        Some(sealed.unwrap_or_else(|e| panic!("{comment}: {e}")).0)
    }

    /// The record of a token of the key that seals.
    fn plaintext(&self, token: &str) -> Vec<u8> {
        let Scene { app, name, now, leeway_ms, .. } = &self.scene;
        let keys = self.scene.ring().keys_at(app, name, *now, *leeway_ms).unwrap();
        let key = keys.iter().find(|key| key.state == KeyState::Sealing).unwrap();
        let sealing = self.scene.ring().roots().iter().position(|root| root.id() == key.root_id).unwrap();
        let scene = self.scene.with(|s| (s.sealing, s.epoch) = (sealing, key.epoch));
        let salt = TokenInfo::of(token).unwrap().salt;
        let derived = derive(&scene.secret(), &scene.context(), &salt).unwrap();
        let octets = decode(token);
        let (header, rest) = octets.split_at(41);
        let (text, tag) = rest.split_last_chunk::<16>().unwrap();
        let (aad, mut text) = ([header, &scene.ad].concat(), text.to_vec());
        assert!(Provider::in_use().open(&derived.message_key, &[0; 12], &aad, &mut text, tag));
        text
    }
}
