//! Arbitrary text never opens, and is refused by the check that SPEC.md names for it. Decoding agrees with a
//! second reading of the specification, and encoding what was decoded gives the same text back.
//!
//! The stores are those of the known answers (SPEC.md, section 18), so that the seeds reach the AEAD. Under
//! the associated data of this target not even the known answers open.

#![no_main]

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sealed_session::hazmat::{self, ManualClock};
use sealed_session::{
    KeyId, KeyRing, OpenError, Reason, Root, RootSecret, SealedStore, SessionError, SessionId, SessionPlugin,
    SessionUid, TokenInfo,
};
use sealed_session_fuzz::{NOW, base64url, text};

const UID: SessionUid = SessionUid::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
const FOREIGN: &[u8] = b"not what a known answer was sealed with";

/// A store that opens a known answer, and everything that it opens.
struct Known {
    store: SealedStore,
    keys: HashSet<KeyId>,
    associated_data: &'static [u8],
    token: &'static str,
    csrf_token: &'static str,
}

static KNOWN: LazyLock<[Known; 2]> = LazyLock::new(|| {
    let fixed =
        KeyRing::single(RootSecret::from_bytes(&std::array::from_fn::<u8, 32, _>(|at| at as u8)).unwrap());
    let daily = Root::new(RootSecret::from_bytes(&[0x5A; 64]).unwrap());
    let daily = KeyRing::new(vec![daily.rotating_every(Duration::from_secs(86_400)).unwrap()]).unwrap();
    [
        Known {
            associated_data: b"",
            token: include_str!("../seeds/open/known-answer-1"),
            csrf_token: include_str!("../seeds/open/known-answer-1-csrf"),
            ..known(fixed, "", "__Host-session")
        },
        Known {
            associated_data: b"tenant-7",
            token: include_str!("../seeds/open/known-answer-2"),
            csrf_token: include_str!("../seeds/open/known-answer-2-csrf"),
            ..known(daily, "shop.example", "sid")
        },
    ]
});

fn known(ring: KeyRing, app: &str, name: &str) -> Known {
    let clock = ManualClock::at(NOW + 60_000);
    let keys = ring.keys_at(app, name, NOW + 60_000, 60_000).unwrap().iter().map(|key| key.key_id).collect();
    let store = SealedStore::builder(ring).app_id(app).cookie_name(name).clock(clock).build().unwrap();
    Known { store, keys, associated_data: b"", token: "", csrf_token: "" }
}

fuzz_target!(|data: &[u8]| {
    let text = text(data);
    check_decoding(&text);
    for known in &*KNOWN {
        check_opening(known, &text);
        check_csrf(known, &text);
    }
});

fn check_decoding(text: &str) {
    let expected = match base64url::decode(text) {
        _ if !(138..=8192).contains(&text.len()) => Err(Reason::Length),
        bytes => bytes.ok_or(Reason::Base64),
    };
    let decoded = hazmat::decode_token(text);
    assert_eq!(decoded, expected);
    if let Ok(bytes) = &decoded {
        assert_eq!(hazmat::encode_token(bytes), text, "there is another text for these bytes");
    }
    let info = TokenInfo::of(text);
    match decoded {
        Ok(bytes) if bytes[0] == 1 => check_info(info.expect("it decodes"), &bytes, text),
        Ok(_) => assert_eq!(reason(info), Some(Reason::Version)),
        Err(expected) => assert_eq!(reason(info), Some(expected)),
    }
}

fn check_info(info: TokenInfo, bytes: &[u8], text: &str) {
    let (envelope, tag) = bytes.split_at(bytes.len() - 16);
    assert_eq!(info.version, bytes[0]);
    assert_eq!(info.key_id.as_bytes(), &envelope[1..17]);
    assert_eq!(info.salt, envelope[17..41]);
    assert_eq!(info.tag, tag);
    assert_eq!((info.chars, info.record_len), (text.len(), envelope.len() - 41));
}

fn check_opening(known: &Known, text: &str) {
    let expected = match TokenInfo::of(text) {
        Ok(info) if known.keys.contains(&info.key_id) => Reason::Tag,
        Ok(_) => Reason::UnknownKey,
        Err(error) => error.reason(),
    };
    let id = SessionId::new(text);
    assert_eq!(reason(known.store.open_with(&id, FOREIGN)), Some(expected));
    let opened = known.store.open_with(&id, known.associated_data);
    if text == known.token {
        assert!(opened.is_ok(), "the known answer opens");
    } else {
        assert_eq!(reason(opened), Some(expected));
    }
    check_contract(&known.store, &id, expected);
}

/// No way of opening is more lenient than another, and none says why.
fn check_contract(store: &SealedStore, id: &SessionId, expected: Reason) {
    assert_eq!(store.delete(id), Ok(()));
    let read = store.read(id);
    if read.is_ok() {
        assert_eq!(id.as_str(), KNOWN[0].token);
        return;
    }
    let changes = [
        store.update(id, "not JSON either"),
        store.touch(id, 0),
        store.reseal(id).map_err(Into::into),
        store.cycle(id).map_err(Into::into),
        store.authenticate(id, "user").map_err(Into::into),
    ];
    let refused = SessionError::Invalid("the token was refused".to_owned());
    assert_ne!(expected, Reason::Expired);
    assert_eq!(read, Err(refused.clone()));
    assert!(changes.into_iter().all(|change| change == Err(refused.clone())));
}

fn check_csrf(known: &Known, text: &str) {
    let expected = match base64url::decode(text) {
        _ if text.len() != 96 => Reason::Length,
        None => Reason::Base64,
        Some(bytes) if known.keys.iter().any(|id| id.as_bytes() == &bytes[..16]) => Reason::CsrfMismatch,
        Some(_) => Reason::UnknownKey,
    };
    let expected = Some(expected).filter(|_| text != known.csrf_token);
    assert_eq!(reason(known.store.check_csrf_token(UID, text)), expected);
}

fn reason<T>(result: Result<T, OpenError>) -> Option<Reason> {
    result.err().map(|error| error.reason())
}
