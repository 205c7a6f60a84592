//! The two known answers of SPEC.md, section 18, byte for byte. They were made by an independent
//! implementation; a change of any of them is a change of the format. So with those of docs/device-bound-spec.md.

#![cfg(feature = "hazmat")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows them in tests, but not in the helpers beside them"
)]

mod common;
#[cfg(feature = "dbsc")]
#[path = "known_answers/devices.rs"]
mod devices;

use std::time::Duration;

use sealed_session::hazmat::{
    Context, Fields, ManualClock, csrf_token, derive, seal_plaintext, with_randomness,
};
use sealed_session::{
    KeyRing, KeyState, Root, RootSecret, SealedStore, SealedStoreBuilder, SessionId, SessionPlugin,
    SessionUid, TokenInfo,
};

const CREATED: u64 = 1_795_000_000_000;
const RENEWED: u64 = 1_795_000_060_000;
const EXPIRES: u64 = 1_795_003_660_000;
const UID: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

struct Answer {
    secret: &'static str,
    /// Computed with Python's hashlib and base64.
    secret_text: &'static str,
    root_id: &'static str,
    context: Context<'static>,
    sealing_key: &'static str,
    key_id: &'static str,
    salt: &'static str,
    message_key: &'static str,
    user_id: Option<&'static str>,
    data: &'static str,
    padding: usize,
    plaintext: &'static str,
    associated_data: &'static [u8],
    token: &'static str,
    csrf_token: &'static str,
}

const ANONYMOUS: Answer = Answer {
    secret: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    secret_text: "ssr1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8DmDBr",
    root_id: "97dd7b545d5769dc",
    context: Context { app_id: "", cookie_name: "__Host-session", period_s: 0, epoch: 0 },
    sealing_key: "405ceb866096fb54deb31b10e0f1f5f529b572e1dae48250bd01d5ead5ad8ab8",
    key_id: "4e2f5d6e4df145e46bf19e3bc108f4a4",
    salt: "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7",
    message_key: "0453ad423f8242043f6d252301960ffa04e72fc6246be6cebb47dc9a1f309db8",
    user_id: None,
    data: "{}",
    padding: 0,
    plaintext: "000001a1ee565e00000001a1ee574860000001a1ee8e36e0000102030405060708090a0b0c0d0e0f\
                ffff000000027b7d",
    associated_data: b"",
    token: "AU4vXW5N8UXka_GeO8EI9KSgoaKjpKWmp6ipqqusra6vsLGys7S1trfuYp1876R00llkRRSFRccRXul2ZOKlxsgZY83W\
            OnCIcn_0_dCil-3EIoutTu44mzxbljkMJjkwXiJIRyufTnR4",
    csrf_token: "Ti9dbk3xReRr8Z47wQj0pKChoqOkpaanqKmqq6ytrq-wsbKztLW2t2Q--vzFJt6Dk2L23Aao2CEEQauNnyGK8750N8Va\
                 y5h-",
};

const PADDED: Answer = Answer {
    secret: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\
             5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
    secret_text: "ssr1_WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaW\
                  tmAa1o",
    root_id: "70d3a6c1f941741e",
    context: Context { app_id: "shop.example", cookie_name: "sid", period_s: 86_400, epoch: 20_775 },
    sealing_key: "f21a0c6262201f15d063f30f9b997ff437391a93ab696a4707171ad4d49d7e68",
    key_id: "5d9a27ffe8845724520d91614fe51fb5",
    salt: "6465666768696a6b6c6d6e6f707172737475767778797a7b",
    message_key: "0fb7687f40a5dd38389b4f0d280d23a1ec63f025e6e71fe80caf71c5a00b0ca3",
    user_id: Some("user-42"),
    data: r#"{"cart":[{"sku":"A1","n":2}],"csrf":"é"}"#,
    padding: 13,
    plaintext: "000001a1ee565e00000001a1ee574860000001a1ee8e36e0000102030405060708090a0b0c0d0e0f\
                0007757365722d3432000000297b2263617274223a5b7b22736b75223a224131222c226e223a327d5d2c\
                2263737266223a22c3a9227d00000000000000000000000000",
    associated_data: b"tenant-7",
    token: "AV2aJ__ohFckUg2RYU_lH7VkZWZnaGlqa2xtbm9wcXJzdHV2d3h5entE1WEs99EHv39xIK6TzY5CwdU7AadjJJ-qrsxHAqoo\
            Ty_JqWHI2565OnpXHqOoNGwe0qAmM-g6drmOLd7OuYm3YWZDNFPhizWju-vW6WHcDjpudQ5ow3UELfaOQTP4xyHEE9xo_--N\
            Z_9S7WgHphgEJok5w_9l5q4i0x8",
    csrf_token: "XZon_-iEVyRSDZFhT-UftWRlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e8AHaAyklAsvrezK_5fbAoeIHtkZytOHi1LDQiUe\
                 A9YT",
};

const ANSWERS: [&Answer; 2] = [&ANONYMOUS, &PADDED];

impl Answer {
    fn secret(&self) -> RootSecret {
        RootSecret::from_bytes(&bytes(self.secret)).unwrap()
    }

    fn salt(&self) -> [u8; 24] {
        bytes(self.salt).try_into().unwrap()
    }

    fn id(&self) -> SessionId {
        SessionId::new(self.token)
    }

    fn ring(&self) -> KeyRing {
        let period = Duration::from_secs(self.context.period_s);
        KeyRing::new(vec![Root::new(self.secret()).rotating_every(period).unwrap()]).unwrap()
    }

    /// A store of this answer's cookie that draws its uid and its salt.
    fn builder(&self, clock: &ManualClock) -> SealedStoreBuilder {
        let salt = self.salt();
        let builder = SealedStore::builder(self.ring())
            .app_id(self.context.app_id)
            .cookie_name(self.context.cookie_name)
            .clock(clock.clone());
        with_randomness(builder, move |out| {
            let drawn = if out.len() == 24 { salt.to_vec() } else { [&UID[..], &[0; 24]].concat() };
            out.copy_from_slice(&drawn);
            true
        })
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digits).collect()
}

#[test]
fn root_secrets_have_the_text_form_that_python_computes() {
    for answer in ANSWERS {
        assert_eq!(*answer.secret().to_text(), answer.secret_text);
        assert_eq!(RootSecret::from_text(answer.secret_text).unwrap().id(), answer.secret().id());
    }
}

#[test]
fn keys_and_ids_are_derived() {
    for answer in ANSWERS {
        let derived = derive(&answer.secret(), &answer.context, &answer.salt()).unwrap();
        assert_eq!(derived.root_id.to_string(), answer.root_id);
        assert_eq!(answer.secret().id().to_string(), answer.root_id);
        assert_eq!(derived.sealing_key.as_slice(), bytes(answer.sealing_key));
        assert_eq!(derived.key_id.to_string(), answer.key_id);
        assert_eq!(derived.message_key.as_slice(), bytes(answer.message_key));
    }
}

#[test]
fn a_ring_lists_the_key_that_is_derived() {
    for answer in ANSWERS {
        let Context { app_id, cookie_name, epoch, .. } = answer.context;
        let keys = answer.ring().keys_at(app_id, cookie_name, RENEWED, 60_000).unwrap();
        let sealing = keys.iter().find(|key| key.state == KeyState::Sealing).unwrap();
        assert_eq!(sealing.key_id.to_string(), answer.key_id);
        assert_eq!(sealing.root_id.to_string(), answer.root_id);
        assert_eq!(sealing.epoch, epoch);
    }
}

#[test]
fn records_are_encoded() {
    for answer in ANSWERS {
        let fields = Fields {
            created_at_ms: CREATED,
            renewed_at_ms: RENEWED,
            expires_at_ms: EXPIRES,
            uid: SessionUid::from_bytes(UID),
            user_id: answer.user_id,
            data: answer.data,
        };
        assert_eq!(fields.encode(answer.padding), bytes(answer.plaintext));
    }
}

#[test]
fn plaintexts_are_sealed() {
    for answer in ANSWERS {
        let Answer { context, associated_data, plaintext, .. } = answer;
        let sealed =
            seal_plaintext(&answer.secret(), context, &answer.salt(), associated_data, &bytes(plaintext));
        assert_eq!(sealed.unwrap(), answer.token);
    }
}

#[test]
fn csrf_tokens_are_made_and_taken() {
    let uid = SessionUid::from_bytes(UID);
    for answer in ANSWERS {
        let text = csrf_token(&answer.secret(), &answer.context, &answer.salt(), uid).unwrap();
        assert_eq!(text, answer.csrf_token);
        let store = answer.builder(&ManualClock::at(RENEWED)).build().unwrap();
        assert_eq!(store.csrf_token(uid).unwrap(), answer.csrf_token);
        assert!(store.check_csrf_token(uid, answer.csrf_token).is_ok());
        assert!(store.check_csrf_token(SessionUid::from_bytes([0; 16]), answer.csrf_token).is_err());
    }
}

#[test]
fn a_store_makes_the_anonymous_answer() {
    let clock = ManualClock::at(CREATED);
    let store = ANONYMOUS.builder(&clock).build().unwrap();
    let id = store.create(common::options(None, "", 0)).unwrap();
    clock.set(RENEWED);
    assert_eq!(store.touch(&id, EXPIRES - RENEWED).unwrap().as_str(), ANONYMOUS.token);
}

#[test]
fn a_store_makes_the_padded_answer() {
    let clock = ManualClock::at(CREATED);
    // 107 octets are the next multiple of 107 after the record's 94.
    let store = PADDED.builder(&clock).padding(107).build().unwrap();
    let options = common::options(PADDED.user_id, PADDED.data, 0);
    let id = store.create_with(options, PADDED.associated_data).unwrap();
    clock.set(RENEWED);
    let id = store.touch_with(&id, EXPIRES - RENEWED, PADDED.associated_data).unwrap();
    assert_eq!(id.as_str(), PADDED.token);
}

#[test]
fn stores_open_both_answers() {
    for answer in ANSWERS {
        let store = answer.builder(&ManualClock::at(RENEWED)).build().unwrap();
        let session = store.open_with(&answer.id(), answer.associated_data).unwrap();
        let record = session.record();
        assert_eq!(record.id, answer.id());
        assert_eq!(record.user_id.as_deref(), answer.user_id);
        assert_eq!(record.data_json, answer.data);
        assert_eq!((record.created_at_ms, record.expires_at_ms), (CREATED, EXPIRES));
        assert_eq!(session.renewed_at_ms(), RENEWED);
        assert_eq!(session.uid().as_bytes(), &UID);
        assert_eq!(session.key_id().to_string(), answer.key_id);
        assert_eq!(session.key_state(), KeyState::Sealing);
    }
}

#[test]
fn the_visible_parts_are_where_the_layout_says() {
    for answer in ANSWERS {
        let info = TokenInfo::of(answer.token).unwrap();
        assert_eq!(info.version, 1);
        assert_eq!(info.key_id.to_string(), answer.key_id);
        assert_eq!(info.salt, answer.salt());
        assert_eq!((info.chars, info.record_len), (answer.token.len(), answer.plaintext.len() / 2));
        assert_eq!(info.tag.as_slice(), &common::decode(answer.token).unwrap()[57 + info.record_len - 16..]);
    }
}
