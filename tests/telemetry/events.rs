//! Events, as a subscriber of `tracing` gets them.

use std::sync::OnceLock;

use tracing::Level;

use super::{DATA, Server, USER};
use crate::collector::{Collector, SEEN};
use crate::common::{ring, root};

/// What an act causes.
fn events(act: impl FnOnce()) -> Vec<(Level, String)> {
    static SET: OnceLock<()> = OnceLock::new();
    let _one = super::one_at_a_time();
    SET.get_or_init(|| tracing::subscriber::set_global_default(Collector).unwrap());
    SEEN.lock().unwrap().clear();
    act();
    std::mem::take(&mut *SEEN.lock().unwrap())
}

/// Events with these words among them.
fn with(events: &[(Level, String)], words: &str) -> Vec<(Level, String)> {
    events.iter().filter(|(_, text)| text.contains(words)).cloned().collect()
}

#[test]
fn refusals_tell_their_reason_and_nothing_of_the_token() {
    let mut id = None;
    let seen = events(|| {
        let server = Server::new(11);
        let made = server.create();
        server.refuse(&made);
        id = Some(made);
    });
    for reason in ["aead", "length", "expired"] {
        let told = with(&seen, &format!("reason=\"{reason}\""));
        assert!(matches!(&told[..], [(Level::DEBUG, text)] if text.contains("token refused")), "{seen:?}");
    }
    let (all, id) = (format!("{seen:?}"), id.unwrap());
    assert!(!all.contains(USER) && !all.contains(DATA) && !all.contains("of the user"), "{all}");
    for at in 0..id.as_str().len() - 12 {
        assert!(!all.contains(&id.as_str()[at..at + 12]), "{all}");
    }
}

#[cfg(feature = "dbsc")]
#[test]
fn a_refused_device_tells_the_reason_and_nothing_of_what_it_sent() {
    use sealed_session::dbsc::DeviceBinding;

    let mut challenge = String::new();
    let seen = events(|| {
        let server = Server::new(14);
        let short = DeviceBinding::builder(&server.store).proof_ttl(std::time::Duration::from_secs(60));
        let devices = short.build().unwrap();
        let login = sealed_session::SessionUid::from_bytes([7; 16]);
        challenge = devices.offer(login).unwrap();
        assert!(devices.register(&format!("{challenge}.."), login, Some(USER)).is_err());
    });
    let told = with(&seen, "reason=\"header_json\"");
    assert!(
        matches!(&told[..], [(Level::DEBUG, text)] if text.contains("device's proof refused")),
        "{seen:?}"
    );
    let warned = with(&seen, "less than 5 minutes");
    assert!(matches!(&warned[..], [(Level::WARN, _)]), "{seen:?}");
    let all = format!("{seen:?}");
    assert!(!all.contains(USER) && !all.contains(&challenge[60..80]), "{all}");
}

#[test]
fn a_failing_ring_file_is_warned_of_once_and_its_return_is_told() {
    let rotated = ring(vec![root(12), root(13).activating_at(1)]).to_json().unwrap();
    let seen = events(|| {
        let server = Server::new(12);
        for _ in 0..5 {
            assert!(server.write("{").is_err());
            server.clock.advance(10_000);
            server.create();
        }
        server.write(&rotated).unwrap();
    });
    let warned = with(&seen, "ring file refused");
    assert_eq!(warned.len(), 1, "{seen:?}");
    assert!(warned[0].0 == Level::WARN && warned[0].1.contains("ring.json: line 1"), "{warned:?}");
    let replaced = with(&seen, "ring replaced");
    assert!(matches!(&replaced[..], [(Level::INFO, text)] if text.contains("roots=2")), "{seen:?}");
    assert!(replaced[0].1.contains("sealing_key="), "{replaced:?}");
    assert_eq!(with(&seen, "ring file is good again").len(), 1, "{seen:?}");
    assert!(!format!("{seen:?}").contains("ssr1_"));
}

#[cfg(feature = "revocation")]
#[test]
fn a_listener_that_fails_is_warned_of_once_until_it_hears_again() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use sealed_session::revocation::{BackendError, Revocations};

    let asked = Arc::new(AtomicUsize::new(0));
    let seen = events(|| {
        let (backend, counted) = (crate::troubled::Troubled::default(), Arc::clone(&asked));
        *backend.listener.lock().unwrap() =
            Some(Box::new(move |_| match counted.fetch_add(1, Ordering::AcqRel) {
                0 | 3 => Err(BackendError::new("cut off")),
                1 => panic!("of its own"),
                _ => {
                    std::thread::park_timeout(Duration::from_millis(1));
                    Ok(false)
                }
            }));
        let revocations = Revocations::builder().poll_every(Duration::from_millis(1)).with_backend(backend);
        let until = Instant::now() + Duration::from_secs(60);
        while asked.load(Ordering::Acquire) < 6 {
            assert!(Instant::now() < until, "it is asked again whatever it did");
            std::thread::yield_now();
        }
        assert_eq!(revocations.unwrap().trouble(), None, "polling finds what it misses");
    });
    let warned = with(&seen, "listener fails");
    assert!(warned.iter().all(|(level, text)| *level == Level::WARN && text.contains("cut off")), "{seen:?}");
    assert_eq!(warned.len(), 2, "{seen:?}");
}
