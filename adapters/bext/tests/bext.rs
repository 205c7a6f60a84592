//! The session trait of the published `bext-plugin-api`: the suite through it, every conversion, and the example.

#![allow(clippy::unwrap_used, reason = "clippy.toml allows it in tests, but not in the helpers beside them")]

#[path = "bext/conversions.rs"]
mod conversions;
#[path = "../../tests/example.rs"]
mod example;
#[path = "bext/from_bext.rs"]
mod from_bext;
#[path = "bext/suite.rs"]
mod suite;

use std::process::Command;

use bext_plugin_api::session as bext;
use sealed_session::{KeyRing, RootSecret, SealedStore, SessionId};
use sealed_session_bext::{Convert as _, ToBext};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

fn ring() -> KeyRing {
    KeyRing::single(RootSecret::generate().unwrap())
}

/// What a bext host has.
fn host() -> Box<dyn bext::SessionPlugin> {
    Box::new(ToBext(SealedStore::builder(ring()).build().unwrap()))
}

#[test]
fn the_default_options_make_an_empty_session_of_the_default_ttl() {
    let host = host();
    let id = host.create(bext::CreateOptions::default()).unwrap();
    let record = host.read(&id).unwrap();
    assert_eq!((record.user_id, record.data_json.as_str()), (None, "{}"));
    assert_eq!(record.expires_at_ms - record.created_at_ms, DAY_MS);
    assert_eq!(record.id, id);
}

#[test]
fn every_change_gives_another_id_and_keeps_the_rest() {
    let host = host();
    let options = bext::CreateOptions { user_id: Some("ann".into()), data_json: "{}".into(), ttl_ms: 60_000 };
    let id = host.create(options).unwrap();
    let updated = host.update(&id, r#"{ "a" : 1 }"#).unwrap();
    let touched = host.touch(&updated, 3 * DAY_MS).unwrap();
    assert!(id != updated && updated != touched);
    let (before, after) = (host.read(&id).unwrap(), host.read(&touched).unwrap());
    assert_eq!((after.user_id.as_deref(), after.data_json.as_str()), (Some("ann"), r#"{ "a" : 1 }"#));
    assert_eq!(after.created_at_ms, before.created_at_ms);
    assert!(after.expires_at_ms >= before.created_at_ms + 3 * DAY_MS);
    assert_eq!(host.read(&updated).unwrap().expires_at_ms, before.expires_at_ms);
}

#[test]
fn deleting_anything_is_fine_and_twice_as_well() {
    let host = host();
    let id = host.create(bext::CreateOptions::default()).unwrap();
    for id in [id.clone(), id, bext::SessionId::new(""), bext::SessionId::new("garbage")] {
        host.delete(&id).unwrap();
    }
}

#[test]
fn with_revocations_a_deleted_session_is_gone() {
    let revocations = sealed_session::revocation::Revocations::in_memory();
    let host: Box<dyn bext::SessionPlugin> =
        Box::new(ToBext(SealedStore::builder(ring()).revocations(revocations).build().unwrap()));
    let id = host.create(bext::CreateOptions::default()).unwrap();
    host.delete(&id).unwrap();
    assert!(matches!(host.read(&id), Err(bext::SessionError::NotFound)));
}

#[test]
fn refusals_come_through_with_their_texts() {
    let host = host();
    let id = host.create(bext::CreateOptions::default()).unwrap();
    let garbage = bext::SessionId::new("garbage");
    let refused = "invalid session: the token was refused";
    assert_eq!(host.read(&garbage).unwrap_err().to_string(), refused);
    assert_eq!(host.update(&garbage, "{}").unwrap_err().to_string(), refused);
    assert_eq!(host.touch(&garbage, 0).unwrap_err().to_string(), refused);
    let array = host.update(&id, "[]").unwrap_err();
    assert!(matches!(array, bext::SessionError::Invalid(_)), "{array}");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(5000));
    let options = bext::CreateOptions { data_json: large, ..Default::default() };
    let large = host.create(options).unwrap_err();
    assert!(
        matches!(&large, bext::SessionError::Backend(text) if text.contains("4082 are allowed")),
        "{large}"
    );
}

#[test]
fn an_expired_session_is_not_found() {
    let clock = sealed_session::hazmat::ManualClock::at(1_795_000_000_000);
    let host: Box<dyn bext::SessionPlugin> =
        Box::new(ToBext(SealedStore::builder(ring()).clock(clock.clone()).build().unwrap()));
    let id = host.create(bext::CreateOptions { ttl_ms: 1000, ..Default::default() }).unwrap();
    clock.advance(1000);
    assert!(matches!(host.read(&id), Err(bext::SessionError::NotFound)));
    assert!(matches!(host.update(&id, "{}"), Err(bext::SessionError::NotFound)));
    assert!(matches!(host.touch(&id, 0), Err(bext::SessionError::NotFound)));
}

#[test]
fn a_host_asks_for_name_and_health() {
    assert_eq!((host().name(), host().is_healthy()), ("sealed", true));
    let later = sealed_session::Root::new(RootSecret::generate().unwrap()).activating_at(u64::MAX / 2);
    let unable = SealedStore::builder(KeyRing::new(vec![later]).unwrap()).build().unwrap();
    let host: Box<dyn bext::SessionPlugin> = Box::new(ToBext(unable));
    assert!(!host.is_healthy());
    assert!(matches!(host.create(Default::default()), Err(bext::SessionError::Backend(_))));
}

#[test]
fn debug_of_their_id_prints_the_token_and_of_ours_does_not() {
    let id = host().create(bext::CreateOptions::default()).unwrap();
    assert!(format!("{id:?}").contains(id.as_str()), "if this fails, the warnings can go");
    assert!(!format!("{:?}", id.clone().convert()).contains(id.as_str()));
}

#[test]
fn the_example_tells_its_story_and_shows_no_token() {
    let output = Command::new(example::built("bext_host")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let story = [
        "backend: sealed, healthy: true",
        "logged in: user-42 with {}",
        r#"cart filled: user-42 with {"cart":["A1"]}"#,
        "extended: it lives longer",
        "for the log: SessionId([redacted])",
        "tampered with: invalid session: the token was refused",
        "tampered with: invalid session: the token was refused",
        "tampered with: invalid session: the token was refused",
        "logged out: no session",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), story);
}
