//! Any bytes as a record: what parses is what a second reading of SPEC.md parses, what is refused is refused
//! by the same check, and parsing then encoding is the identity, so that nothing but the one encoding of a
//! record is accepted. The same bytes under a good seal then open, or do not, by the clock alone.
//!
//! The first octet of the input chooses the clock, the rest is the record.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sealed_session::hazmat::{self, Context, ManualClock};
use sealed_session::{KeyRing, Reason, RootSecret, SealedStore, SessionId, SessionPlugin};
use sealed_session_fuzz::record::{self, Record};
use sealed_session_fuzz::{DAY, NOW};

const LEEWAY: u64 = 60_000;
const LIFETIME: u64 = 10 * DAY;

static CLOCK: LazyLock<ManualClock> = LazyLock::new(|| ManualClock::at(NOW));
static STORE: LazyLock<SealedStore> = LazyLock::new(|| {
    let lifetime = Duration::from_millis(LIFETIME);
    SealedStore::builder(KeyRing::single(secret()))
        .clock(CLOCK.clone())
        .max_lifetime(lifetime)
        .build()
        .unwrap()
});

fn secret() -> RootSecret {
    RootSecret::from_bytes(&[7; 32]).unwrap()
}

fuzz_target!(|data: &[u8]| {
    let Some((&clock, bytes)) = data.split_first() else { return };
    let expected = record::read(bytes);
    check_parsing(bytes, expected.as_ref());
    CLOCK.set(now(clock, expected.as_ref().ok()));
    check_opening(bytes, expected);
});

fn check_parsing(bytes: &[u8], expected: Result<&Record, &Reason>) {
    let parsed = hazmat::parse_record(bytes);
    assert_eq!(parsed.as_ref().map(|_| ()).map_err(|reason| *reason), expected.map(|_| ()).map_err(|r| *r));
    let (Ok((fields, padding)), Ok(record)) = (parsed, expected) else { return };
    let times = (fields.created_at_ms, fields.renewed_at_ms, fields.expires_at_ms);
    assert_eq!(times, (record.created, record.renewed, record.expires));
    assert_eq!((fields.user_id, fields.data), (record.user.as_deref(), record.data.as_str()));
    assert_eq!(fields.uid.as_bytes(), &record.uid);
    assert_eq!(padding, record.padding);
    assert_eq!(record::len(fields.user_id, fields.data) + padding, bytes.len());
    assert_eq!(fields.encode(padding), bytes, "there is another record for these fields");
}

/// A time at which something changes for the record.
fn now(clock: u8, record: Option<&Record>) -> u64 {
    let Some(record) = record else { return NOW };
    let edge = match clock / 2 % 5 {
        0 => record.renewed,
        1 => record.renewed.saturating_sub(LEEWAY),
        2 => record.expires,
        3 => record.created.saturating_add(LIFETIME),
        _ => NOW,
    };
    edge.saturating_sub(u64::from(clock % 2))
}

fn check_opening(bytes: &[u8], expected: Result<Record, Reason>) {
    let context = Context { cookie_name: "__Host-session", ..Context::default() };
    let token = hazmat::seal_plaintext(&secret(), &context, &[3; 24], b"", bytes).unwrap();
    assert_eq!(token.len(), ((57 + bytes.len()) * 4).div_ceil(3));
    let now = sealed_session::Clock::now_ms(&*CLOCK);
    let expected = match expected {
        _ if !(138..=8192).contains(&token.len()) => Err(Reason::Length),
        Ok(record) => record.check(now, LEEWAY, LIFETIME).map(|()| record),
        Err(reason) => Err(reason),
    };
    let opened = STORE.open(&SessionId(token));
    assert_eq!(
        opened.as_ref().map(|_| ()).map_err(|e| e.reason()),
        expected.as_ref().map(|_| ()).map_err(|r| *r)
    );
    let (Ok(session), Ok(record)) = (opened, expected) else { return };
    assert_eq!((session.renewed_at_ms(), session.uid().as_bytes()), (record.renewed, &record.uid));
    let session = session.into_record();
    assert_eq!((session.created_at_ms, session.expires_at_ms), (record.created, record.end(LIFETIME)));
    assert_eq!((session.user_id, session.data_json), (record.user.clone(), record.data.clone()));
    check_renewing(session.id, &record, now);
}

/// Touching keeps the times in order, whatever they were.
fn check_renewing(id: SessionId, record: &Record, now: u64) {
    let t = now.max(record.renewed);
    let expires = t.saturating_add(DAY).min(record.created.saturating_add(LIFETIME));
    match STORE.touch(&id, DAY) {
        Ok(id) => {
            let session = STORE.open(&id).expect("it was made just now");
            assert_eq!((session.renewed_at_ms(), session.record().expires_at_ms), (t, expires));
            assert!(t < expires);
        }
        Err(sealed_session::SessionError::NotFound) => assert!(expires <= t),
        Err(error) => assert!(error.to_string().contains("characters"), "{error}"),
    }
}
