//! The known answers of docs/device-bound-spec.md, section 10, byte for byte: every text that is sealed for a device, and
//! what the device signs. An independent implementation made them. They are read from the document itself.

use std::collections::HashMap;
use std::sync::Mutex;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sealed_session::dbsc::{Binding, DeviceBinding, Refresh};
use sealed_session::hazmat::{
    Context, Fields, ManualClock, csrf_token, derive, seal_plaintext, with_randomness,
};
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionId, SessionUid};

use super::bytes;
use crate::common::{decode, encode};

const DOCUMENT: &str = include_str!("../../docs/device-bound-spec.md");
const TEXTS: [&str; 6] = [OFFERED, IDENTIFIER, PROOF, CHALLENGE, PENDING, BOUND];
const KEYS: &str = "Keys";
const OFFERED: &str = "Challenge at a registration";
const REGISTRATION: &str = "JWT of the registration";
const IDENTIFIER: &str = "Identifier";
const PROOF: &str = "Proof";
const CHALLENGE: &str = "Challenge for a refresh";
const PENDING: &str = "Pending bound session";
const BOUND: &str = "Bound session";
const REFRESH: &str = "JWT of a refresh";
const CSRF: &str = "CSRF token";

/// What stands in one subsection, by its name there.
struct Answer(HashMap<&'static str, &'static str>);

impl Answer {
    fn of(title: &str) -> Self {
        let answers = DOCUMENT.split_once("\n## 10. Known answers\n").unwrap().1;
        let titled = |part: &&str| part.split_once(' ').unwrap().1.starts_with(&format!("{title}\n"));
        let part = answers.split("\n### 10.").skip(1).find(titled).unwrap();
        let block = part.split("```\n").nth(1).unwrap();
        let line = |line: &'static str| line.split_at_checked(15).unwrap_or((line, ""));
        Self(block.lines().map(line).map(|(name, value)| (name.trim_end(), value)).collect())
    }

    fn text(&self, name: &str) -> &'static str {
        self.0[name]
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        bytes(self.text(name))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }

    fn uid(&self) -> SessionUid {
        SessionUid::from_bytes(self.array("uid"))
    }

    fn user_id(&self) -> Option<&'static str> {
        Some(self.text("user id")).filter(|user| *user != "(anonymous)")
    }

    /// What a server draws to seal it.
    fn drawn(&self) -> Vec<u8> {
        [self.bytes("uid"), self.bytes("salt")].concat()
    }

    fn context(&self) -> Context<'static> {
        Context { app_id: Self::of(KEYS).text("app"), cookie_name: self.text("name"), ..Context::default() }
    }
}

fn root_secret() -> RootSecret {
    RootSecret::from_bytes(&Answer::of(KEYS).bytes("root secret")).unwrap()
}

/// What stands in a JWT, and its signature by RFC 6979.
fn signed(answer: &Answer) -> String {
    let key = SigningKey::from_slice(&Answer::of(KEYS).bytes("private key")).unwrap();
    let text = ["header", "payload"].map(|part| encode(answer.text(part).as_bytes())).join(".");
    let signature: Signature = key.sign(text.as_bytes());
    format!("{text}.{}", encode(&signature.to_bytes()))
}

/// A server that draws so much, and no more.
fn devices(clock: &ManualClock, drawn: &[&str]) -> DeviceBinding {
    let left = Mutex::new(drawn.iter().flat_map(|title| Answer::of(title).drawn()).collect::<Vec<u8>>());
    let keys = Answer::of(KEYS);
    let builder = SealedStore::builder(KeyRing::single(root_secret()))
        .app_id(keys.text("app"))
        .cookie_name(keys.text("name"))
        .clock(clock.clone());
    let builder = with_randomness(builder, move |out| {
        let mut left = left.lock().unwrap();
        left.drain(..out.len()).zip(&mut *out).for_each(|(drawn, out)| *out = drawn);
        true
    });
    DeviceBinding::builder(&builder.build().unwrap()).build().unwrap()
}

#[test]
fn every_text_is_sealed() {
    for title in TEXTS {
        let answer = Answer::of(title);
        let derived = derive(&root_secret(), &answer.context(), &answer.array("salt")).unwrap();
        assert_eq!(derived.sealing_key.as_slice(), answer.bytes("sealing key"), "{title}");
        assert_eq!(derived.key_id.to_string(), answer.text("key id"), "{title}");
        let fields = Fields {
            created_at_ms: answer.number("created"),
            renewed_at_ms: answer.number("renewed"),
            expires_at_ms: answer.number("expires"),
            uid: answer.uid(),
            user_id: answer.user_id(),
            data: answer.text("data"),
        };
        let record = fields.encode(0);
        assert_eq!(record, answer.bytes("record"), "{title}");
        let ad = answer.bytes("assoc. data");
        let token = seal_plaintext(&root_secret(), &answer.context(), &answer.array("salt"), &ad, &record);
        assert_eq!(token.unwrap(), answer.text("token"), "{title}");
    }
}

#[test]
fn a_device_signs() {
    for title in [REGISTRATION, REFRESH] {
        let answer = Answer::of(title);
        assert_eq!(signed(&answer), answer.text("jwt"), "{title}");
    }
    let (keys, registration) = (Answer::of(KEYS), Answer::of(REGISTRATION));
    for name in ["x", "y"] {
        let member = format!(r#""{name}":"{}""#, encode(&keys.bytes(name)));
        assert!(registration.text("header").contains(&member), "{name}");
        assert!(Answer::of(IDENTIFIER).text("data").contains(&member), "{name}");
    }
    let jti = |title| format!(r#"{{"jti":"{}"}}"#, Answer::of(title).text("token"));
    assert_eq!(registration.text("payload"), jti(OFFERED));
    assert_eq!(Answer::of(REFRESH).text("payload"), jti(CHALLENGE));
}

#[test]
fn a_server_registers_the_device_and_lets_it_refresh() {
    let (offered, identifier) = (Answer::of(OFFERED), Answer::of(IDENTIFIER));
    let login = Answer::of(BOUND).uid();
    let clock = ManualClock::at(offered.number("created"));
    assert_eq!(devices(&clock, &[OFFERED]).offer(login).unwrap(), offered.text("token"));

    clock.set(identifier.number("created"));
    let server = devices(&clock, &[IDENTIFIER, PROOF, CHALLENGE]);
    let jwt = Answer::of(REGISTRATION).text("jwt");
    let made = server.register(jwt, login, identifier.user_id()).unwrap();
    assert_eq!(made.identifier, identifier.text("token"));
    assert_eq!(made.binding.as_bytes().as_slice(), identifier.bytes("binding"));
    assert_eq!(made.binding, Binding::of(&made.identifier));
    assert_eq!(made.uid, identifier.uid());
    assert_eq!(made.identifier_expires_at_ms, identifier.number("expires"));
    assert_eq!(made.proof.as_str(), Answer::of(PROOF).text("token"));
    assert_eq!(made.proof_expires_at_ms, Answer::of(PROOF).number("expires"));
    assert_eq!(made.challenge, Answer::of(CHALLENGE).text("token"));

    clock.set(Answer::of(CHALLENGE).number("expires") - 1);
    let jwt = Answer::of(REFRESH).text("jwt");
    match devices(&clock, &[PROOF, CHALLENGE]).refresh(&made.identifier, Some(jwt)).unwrap() {
        Refresh::Proven(proven) => assert_eq!((proven.binding, proven.uid), (made.binding, made.uid)),
        Refresh::Challenge(_) => panic!("asked for another proof"),
    }
}

#[test]
fn bound_sessions_open_with_the_proof() {
    let clock = ManualClock::at(Answer::of(PROOF).number("created"));
    let server = devices(&clock, &[]);
    let binding = server.open_proof(Answer::of(PROOF).text("token")).unwrap();
    let (pending, bound) = (Answer::of(PENDING), Answer::of(BOUND));
    assert_eq!(binding.associated_data(b"tenant-7"), bound.bytes("assoc. data"));
    for answer in [&pending, &bound] {
        let token = SessionId::new(answer.text("token"));
        let opened = server.bound_store().open_with(&token, &answer.bytes("assoc. data")).unwrap();
        assert_eq!((opened.uid(), &*opened.record().data_json), (answer.uid(), answer.text("data")));
        assert_eq!(opened.record().user_id.as_deref(), answer.user_id());
        let other = if answer.text("token") == bound.text("token") { &pending } else { &bound };
        assert!(server.bound_store().open_with(&token, &other.bytes("assoc. data")).is_err());
    }
}

#[test]
fn the_csrf_token_is_one_of_the_unbound_sessions_name() {
    let answer = Answer::of(CSRF);
    let text = csrf_token(&root_secret(), &answer.context(), &answer.array("salt"), answer.uid()).unwrap();
    assert_eq!(text, answer.text("csrf token"));
}

#[test]
fn challenges_are_as_long_as_the_limits_say() {
    for (title, chars) in [(OFFERED, 187), (CHALLENGE, 214)] {
        let token = Answer::of(title).text("token");
        assert_eq!((token.len(), decode(token).is_some()), (chars, true), "{title}");
    }
}
