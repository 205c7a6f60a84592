//! What a client, a log and a debugger must not learn.

use std::collections::HashSet;
use std::fmt::Debug;

use sealed_session::hazmat::{Fields, ManualClock, derive};
use sealed_session::{
    CreateOptions, KeyRing, OpenError, Reason, ResealError, Root, RootSecret, SessionError, SessionId,
    SessionPlugin,
};

use crate::common::{CONTEXT, DAY, FIELDS, HOUR, MINUTE, NOW, REFUSED, encode, options, ring, root, sealed};
use crate::common::{secret, store};

const USER: &str = "alice@example.org";
const DATA: &str = r#"{"card":"4111-1111"}"#;

/// Both forms of `Debug`, free of the user, of the data and of the given secret.
fn shown(value: &impl Debug, hidden: &[&str]) -> String {
    let text = format!("{value:?}\n{value:#?}");
    for hidden in hidden.iter().chain(&[USER, "alice", DATA, "4111"]) {
        assert!(!text.contains(hidden), "{text}");
    }
    text
}

/// One token for each check that can refuse it, at [`NOW`].
fn refused_tokens() -> Vec<(Reason, SessionId)> {
    let valid = sealed(&FIELDS.encode(0));
    let mut unknown = crate::common::decode(valid.as_str()).unwrap();
    unknown[1] ^= 1;
    let mut version = crate::common::decode(valid.as_str()).unwrap();
    version[0] = 2;
    let mut tag = crate::common::decode(valid.as_str()).unwrap();
    tag[50] ^= 1;
    let text = |bytes: &[u8]| SessionId(encode(bytes));
    let changed = |at: usize, octet: u8| {
        let mut plaintext = FIELDS.encode(1);
        plaintext[at] = octet;
        sealed(&plaintext)
    };
    let future = Fields { renewed_at_ms: NOW + HOUR, expires_at_ms: NOW + DAY, ..FIELDS };
    vec![
        (Reason::Length, SessionId::new("short")),
        (Reason::Base64, SessionId::new("=".repeat(200))),
        (Reason::Version, text(&version)),
        (Reason::UnknownKey, text(&unknown)),
        (Reason::Tag, text(&tag)),
        (Reason::RecordTruncated, changed(41, 13)),
        (Reason::RecordUserId, changed(41, 0xFF)),
        (Reason::RecordData, changed(46, 0xFF)),
        (Reason::Padding, changed(57, 1)),
        (Reason::TimeOrder, changed(0, 1)),
        (Reason::Future, sealed(&future.encode(0))),
    ]
}

#[test]
fn every_refusal_of_a_token_reads_the_same() {
    let store = store(&ManualClock::at(NOW));
    let mut seen = HashSet::new();
    for (reason, id) in refused_tokens() {
        let error = store.open(&id).unwrap_err();
        assert_eq!(error.reason(), reason);
        assert_eq!(store.read(&id), Err(SessionError::Invalid(REFUSED.to_owned())));
        assert_eq!(store.touch(&id, 0), store.read(&id).map(|record| record.id));
        let reseal = ResealError::from(error);
        seen.insert(format!(
            "{error} {error:?} {error:#?} {reseal} {reseal:?} {}",
            SessionError::from(error)
        ));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[test]
fn only_a_future_session_keeps_its_cookie() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    for (reason, id) in refused_tokens() {
        assert_eq!(store.open(&id).unwrap_err().keeps_cookie(), reason == Reason::Future, "{reason:?}");
    }
    let expired = store.create(options(None, "", 1)).unwrap();
    clock.advance(1);
    assert!(!store.open(&expired).unwrap_err().keeps_cookie());
}

#[test]
fn an_expired_session_reads_as_not_found_and_nothing_else() {
    let clock = ManualClock::at(NOW);
    let store = store(&clock);
    let id = store.create(options(Some(USER), DATA, MINUTE)).unwrap();
    clock.advance(MINUTE);
    let error: OpenError = store.open(&id).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "session not found");
    assert_eq!(shown(&error, &[]), "OpenError(NotFound)\nOpenError(NotFound)");
}

#[test]
fn every_reason_has_a_name_of_its_own() {
    let names: HashSet<&str> = refused_tokens().iter().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!(names.len(), refused_tokens().len());
    assert_eq!(Reason::UnknownKey.as_str(), "key_id");
    assert_eq!(Reason::Tag.as_str(), "aead");
    assert_eq!(Reason::Expired.as_str(), "expired");
}

#[test]
fn debug_of_sessions_shows_no_token_user_or_data() {
    let store = store(&ManualClock::at(NOW));
    let given = options(Some(USER), DATA, HOUR);
    assert!(shown(&given, &[]).contains("ttl_ms: 3600000"));
    let id = store.create(given).unwrap();
    let (token, piece) = (id.0.clone(), id.0[60..90].to_owned());
    assert_eq!(format!("{id:?}"), "SessionId([redacted])");
    let session = store.open(&id).unwrap();
    let text = shown(&session, &[&token, &piece]);
    assert!(text.contains(&session.uid().to_string()), "what is public may be seen: {text}");
    assert!(shown(session.record(), &[&token, &piece]).contains(&NOW.to_string()));
}

#[test]
fn debug_tells_anonymous_from_logged_in_but_not_who() {
    let both = [options(None, "", 0), options(Some(USER), "", 0)].map(|options| shown(&options, &[]));
    assert!(both[0].contains("user_id: None"));
    assert!(both[1].contains("user_id: Some([redacted])"));
}

#[test]
fn debug_of_stores_rings_and_secrets_shows_no_secret() {
    let bytes: Vec<u8> = (100..164).collect();
    let secret = RootSecret::from_bytes(&bytes).unwrap();
    let text = secret.to_text();
    let hex: String = bytes.iter().map(|octet| format!("{octet:02x}")).collect();
    let hidden = [text.as_str(), &text[5..30], &hex[..16], "100, 101", "defg"];
    shown(&secret, &hidden);
    let derived = derive(&secret, &CONTEXT, &[0; 24]).unwrap();
    let key: String = derived.sealing_key.iter().map(|octet| format!("{octet:02x}")).collect();
    shown(&derived, &[&hidden[..], &[&key[..16]]].concat());
    let root = Root::new(secret);
    assert!(shown(&root, &hidden).contains(&root.id().to_string()));
    let ring = ring(vec![root]);
    shown(&ring, &hidden);
    let builder = sealed_session::SealedStore::builder(ring).app_id("shop");
    shown(&builder, &hidden);
    let store = builder.build().unwrap();
    assert!(shown(&store, &hidden).contains("__Host-session"));
}

#[test]
fn no_error_shows_a_secret() {
    let text = secret(1).to_text();
    let twice = KeyRing::new(vec![root(1), root(1)]).unwrap_err();
    let cut = RootSecret::from_text(&text[..40]).unwrap_err();
    for error in [twice, cut] {
        assert!(!shown(&error, &[&text, &text[5..20]]).is_empty());
        assert!(!error.to_string().contains(&text[5..20]));
    }
}

#[test]
fn errors_do_not_show_the_session() {
    let store = store(&ManualClock::at(NOW));
    let large = format!(r#"{{"card":"{}"}}"#, "4111-".repeat(1_000));
    let id = store.create(CreateOptions::default()).unwrap();
    let error = store.update_with(&id, &large, b"").unwrap_err();
    assert!(!format!("{error} {}", shown(&error, &[id.as_str()])).contains("4111"));
}
