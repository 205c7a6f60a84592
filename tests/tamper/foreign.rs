//! Tokens that are valid elsewhere: of another cookie, application, ring, epoch, or tenant.

use std::time::Duration;

use sealed_session::hazmat::{Context, Fields, ManualClock, seal_plaintext};
use sealed_session::{KeyRing, OpenError, Reason, Root, SealedStore, SessionError, SessionId, SessionPlugin};

use crate::common::{CONTEXT, DAY, FIELDS, MINUTE, NOW, refusal, refusal_everywhere, refusal_with};
use crate::common::{ring, root, secret};
use crate::{sealed_with, store};

fn store_of(ring: KeyRing, app_id: &str, cookie_name: &str, now: u64) -> SealedStore {
    let builder = SealedStore::builder(ring).app_id(app_id).cookie_name(cookie_name);
    builder.clock(ManualClock::at(now)).build().unwrap()
}

fn fixed() -> KeyRing {
    ring(vec![root(1)])
}

fn daily() -> KeyRing {
    ring(vec![root(1).rotating_every(Duration::from_secs(86_400)).unwrap()])
}

/// A token of a context, an hour long from [`NOW`].
fn token(context: Context<'_>) -> SessionId {
    SessionId(sealed_with(&context, 1, &FIELDS.encode(0)))
}

fn daily_token(epoch: u64) -> SessionId {
    token(Context { period_s: 86_400, epoch, ..CONTEXT })
}

#[test]
fn a_token_of_another_cookie_or_application_is_unknown() {
    // Among them pairs that run together to the same text.
    let contexts =
        [("", "sid"), ("s", "id"), ("si", "d"), ("sid", "sid"), ("", "SID"), ("", "sid ,"), ("sid", "s")];
    for (app_id, cookie_name) in contexts {
        let id = token(Context { app_id, cookie_name, ..CONTEXT });
        for (app, name) in contexts.into_iter().filter(|(_, name)| !name.contains(',')) {
            let store = store_of(fixed(), app, name, NOW);
            if (app, name) == (app_id, cookie_name) {
                assert!(store.read(&id).is_ok());
            } else {
                assert_eq!(refusal_everywhere(&store, &id), Reason::UnknownKey, "{app} {name}");
            }
        }
    }
}

#[test]
fn a_token_of_another_ring_is_unknown() {
    let id = token(CONTEXT);
    assert!(store().read(&id).is_ok());
    let others = [ring(vec![root(2)]), ring(vec![])];
    for other in others {
        let store = store_of(other, "", "__Host-session", NOW);
        assert_eq!(refusal_everywhere(&store, &id), Reason::UnknownKey);
    }
}

#[test]
fn a_token_of_another_tenant_is_refused() {
    let sealed = seal_plaintext(&secret(1), &CONTEXT, &[1; 24], b"tenant-7", &FIELDS.encode(0)).unwrap();
    assert!(store().open_with(&SessionId::new(&*sealed), b"tenant-7").is_ok());
    for other in [&b""[..], b"tenant-8", b"tenant-7 "] {
        assert_eq!(refusal_with(&store(), &sealed, other), Reason::Tag);
    }
    assert_eq!(refusal_everywhere(&store(), &SessionId(sealed)), Reason::Tag);
}

#[test]
fn fixed_and_rotating_keys_of_one_secret_are_different() {
    let (fixed, daily) =
        (store_of(fixed(), "", "__Host-session", NOW), store_of(daily(), "", "__Host-session", NOW));
    assert!(fixed.read(&token(CONTEXT)).is_ok());
    assert!(daily.read(&daily_token(20_775)).is_ok());
    assert_eq!(refusal(&daily, token(CONTEXT).as_str()), Reason::UnknownKey);
    assert_eq!(refusal(&fixed, daily_token(20_775).as_str()), Reason::UnknownKey);
    assert_eq!(refusal(&fixed, daily_token(0).as_str()), Reason::UnknownKey);
}

#[test]
fn another_period_gives_other_keys_for_the_same_epoch() {
    let daily = store_of(daily(), "", "__Host-session", NOW);
    for period_s in [0, 1, 3_600, 86_399, 86_401, 604_800] {
        let id = token(Context { period_s, epoch: 20_775, ..CONTEXT });
        assert_eq!(refusal(&daily, id.as_str()), Reason::UnknownKey);
    }
}

#[test]
fn an_epoch_is_known_for_30_days_and_one_of_grace() {
    let expired = |epoch, now: u64| {
        let store = store_of(daily(), "", "__Host-session", now);
        store.open(&daily_token(epoch)).map_err(|e: OpenError| e.reason()).unwrap_err()
    };
    let end_of_epoch = 20_776 * DAY;
    assert_eq!(expired(20_775, end_of_epoch + 31 * DAY - 1), Reason::Expired, "an honest expiry");
    assert_eq!(expired(20_775, end_of_epoch + 31 * DAY), Reason::UnknownKey);
    for epoch in [0, 1, 20_775 - 32] {
        assert_eq!(expired(epoch, NOW), Reason::UnknownKey);
    }
}

#[test]
fn an_epoch_of_the_future_is_known_from_the_leeway_on() {
    let opened = |epoch, now: u64| {
        let fields = Fields { created_at_ms: now, renewed_at_ms: now, expires_at_ms: now + MINUTE, ..FIELDS };
        let context = Context { period_s: 86_400, epoch, ..CONTEXT };
        let id = SessionId(sealed_with(&context, 1, &fields.encode(0)));
        let store = store_of(daily(), "", "__Host-session", now);
        store.open(&id).map(|_| ()).map_err(|e| e.reason())
    };
    let next = 20_776 * DAY;
    assert_eq!(opened(20_776, next - MINUTE - 1), Err(Reason::UnknownKey));
    assert_eq!(opened(20_776, next - MINUTE), Ok(()));
    assert_eq!(opened(20_777, next - MINUTE), Err(Reason::UnknownKey));
    assert_eq!(opened(u64::MAX, NOW), Err(Reason::UnknownKey));
}

#[test]
fn a_token_of_a_revoked_key_is_refused() {
    for revoked in [root(1).revoked(), root(1).revoked().activating_at(NOW + 1)] {
        let store = store_of(ring(vec![revoked, root(2)]), "", "__Host-session", NOW);
        assert_eq!(refusal_everywhere(&store, &token(CONTEXT)), Reason::KeyRevoked);
    }
    let daily = root(1).rotating_every(Duration::from_secs(86_400)).unwrap().revoked();
    let store = store_of(ring(vec![daily]), "", "__Host-session", NOW);
    assert_eq!(refusal_everywhere(&store, &daily_token(20_775)), Reason::KeyRevoked);
    assert_eq!(refusal(&store, daily_token(20_700).as_str()), Reason::UnknownKey);
}

#[test]
fn a_token_of_a_key_that_is_gone_is_refused_from_its_retirement_on() {
    let at = |root: Root, now| {
        let roots = vec![root.retiring_at(NOW), root_2()];
        store_of(ring(roots), "", "__Host-session", now)
    };
    let live = renewed(NOW - 1);
    let expired = renewed(0);
    let before = at(root(1), NOW - 1);
    assert!(before.read(&live).is_ok());
    assert_eq!(before.read(&expired), Err(SessionError::NotFound));
    let after = at(root(1), NOW);
    for id in [&live, &expired] {
        assert_eq!(refusal_everywhere(&after, id), Reason::KeyGone);
    }
    assert_eq!(refusal(&at(root(1).revoked(), NOW), live.as_str()), Reason::KeyRevoked);
}

fn root_2() -> Root {
    root(2).activating_at(1)
}

/// A token of the fixed root, created and renewed at a time and valid until an hour after [`NOW`].
fn renewed(at: u64) -> SessionId {
    let fields = Fields { created_at_ms: at, renewed_at_ms: at, ..FIELDS };
    SessionId(sealed_with(&CONTEXT, 1, &fields.encode(0)))
}

#[test]
fn csrf_tokens_do_not_cross_cookies_rings_or_sessions() {
    let store = store();
    let uid = sealed_session::SessionUid::from_bytes([1; 16]);
    let text = store.csrf_token(uid).unwrap();
    assert!(store.check_csrf_token(uid, &text).is_ok());
    let reason = |store: &SealedStore, text: &str| store.check_csrf_token(uid, text).unwrap_err().reason();
    assert_eq!(reason(&store_of(fixed(), "", "other", NOW), &text), Reason::UnknownKey);
    assert_eq!(reason(&store_of(ring(vec![root(2)]), "", "__Host-session", NOW), &text), Reason::UnknownKey);
    assert_eq!(reason(&store, &text[1..]), Reason::Length);
    assert_eq!(reason(&store, &format!("{text}A")), Reason::Length);
    assert_eq!(reason(&store, &text.replacen(&text[30..31], "=", 1)), Reason::Base64);
    assert_eq!(reason(&store, token(CONTEXT).as_str()), Reason::Length);
}

#[test]
fn every_flipped_bit_of_a_csrf_token_is_refused() {
    let store = store();
    let uid = sealed_session::SessionUid::from_bytes([1; 16]);
    let bytes = crate::common::decode(&store.csrf_token(uid).unwrap()).unwrap();
    assert_eq!(bytes.len(), 16 + 24 + 32);
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let reason = store.check_csrf_token(uid, &crate::common::encode(&changed)).unwrap_err().reason();
        let expected = if bit / 8 < 16 { Reason::UnknownKey } else { Reason::CsrfMismatch };
        assert_eq!(reason, expected, "bit {bit}");
    }
}
