//! Settings that contradict each other or the ring are errors when the store is built.

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session::{ConfigError, CreateOptions, SealedStore, SealedStoreBuilder, SessionPlugin};

use crate::common::{DAY, NOW, builder, options, ring, root};

fn defaults() -> SealedStoreBuilder {
    builder(&ManualClock::at(NOW))
}

fn refused(builder: SealedStoreBuilder) -> String {
    let error: ConfigError = builder.build().unwrap_err();
    error.to_string()
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

#[test]
fn a_builder_shows_what_it_builds_and_no_secret() {
    let text = format!("{:?}", defaults().cookie_name("sid").app_id("shop"));
    assert!(text.starts_with("SealedStoreBuilder {"), "{text}");
    for field in ["ring: KeyRing", "cookie_name: \"sid\"", "app_id: \"shop\""] {
        assert!(text.contains(field), "{field}: {text}");
    }
    assert!(!text.contains("ssr1_"), "{text}");
}

#[test]
fn a_default_ttl_may_be_as_long_as_the_maximum_but_not_longer() {
    let millisecond = Duration::from_millis(1);
    let with = |ttl| defaults().default_ttl(ttl).max_ttl(days(2));
    assert!(with(days(2)).build().is_ok());
    assert_eq!(
        refused(with(days(2) + millisecond)),
        "the default TTL (172800001 ms) is longer than the maximum TTL (172800000 ms)"
    );
}

#[test]
fn a_maximum_ttl_may_be_as_long_as_the_rings_but_not_longer() {
    assert!(defaults().max_ttl(days(30)).build().is_ok());
    let message = refused(defaults().max_ttl(days(30) + Duration::from_millis(1)));
    assert!(message.contains("(2592000001 ms)") && message.contains("(2592000000 ms)"), "{message}");
    let longer = ring(vec![root(1)]).with_max_ttl(days(31)).unwrap();
    assert!(SealedStore::builder(longer).max_ttl(days(31)).build().is_ok());
}

#[test]
fn the_maximum_ttl_follows_a_ring_whose_tokens_live_shorter() {
    let week = || ring(vec![root(1)]).with_max_ttl(days(7)).unwrap();
    let store = SealedStore::builder(week()).clock(ManualClock::at(NOW)).build().unwrap();
    let id = store.create(options(None, "", 30 * DAY)).unwrap();
    assert_eq!(store.read(&id).unwrap().expires_at_ms, NOW + 7 * DAY);
    let year = ring(vec![root(1)]).with_max_ttl(days(365)).unwrap();
    let store = SealedStore::builder(year).clock(ManualClock::at(NOW)).build().unwrap();
    let id = store.create(options(None, "", 365 * DAY)).unwrap();
    assert_eq!(store.read(&id).unwrap().expires_at_ms, NOW + 30 * DAY, "a longer one must be asked for");
}

#[test]
fn durations_of_less_than_a_millisecond_are_none() {
    let nearly = Duration::from_nanos(999_999);
    for none in [Duration::ZERO, nearly] {
        assert!(refused(defaults().default_ttl(none)).starts_with("the default TTL must be"));
        assert!(refused(defaults().max_ttl(none)).starts_with("the maximum TTL must be"));
        assert!(refused(defaults().max_lifetime(none)).starts_with("the maximum lifetime must be"));
        assert!(defaults().leeway(none).build().is_ok(), "clocks may be demanded to agree");
    }
    let one = Duration::from_millis(1);
    assert!(defaults().default_ttl(one).max_ttl(one).max_lifetime(one).build().is_ok());
}

#[test]
fn cookie_names_that_no_browser_sends_back_are_refused() {
    for name in ["", " ", " a", "a ", "a;b", "a=b", "a,b", "a\tb", "a\nb", "a\0b", "a\u{7f}b", "\u{85}a"] {
        let message = refused(defaults().cookie_name(name));
        assert!(message.contains("is no cookie name"), "{name:?}: {message}");
    }
    for name in ["a", "__Host-session", "__Secure-sid", "sid.v1", "a!#$%&'*+-.^_`|~9"] {
        assert_eq!(defaults().cookie_name(name).build().unwrap().cookie_name(), name);
    }
    assert_eq!(defaults().build().unwrap().cookie_name(), "__Host-session");
}

#[test]
fn a_cookie_name_leaves_room_for_the_shortest_token() {
    assert!(defaults().cookie_name("n".repeat(4_096 - 138)).build().is_ok());
    for len in [4_096 - 137, 4_096, 5_000] {
        assert!(refused(defaults().cookie_name("n".repeat(len))).contains("138 to 8192 are allowed"));
    }
    assert!(defaults().cookie_name("n".repeat(5_000)).max_token_chars(138).build().is_ok());
}

#[test]
fn names_and_application_ids_have_at_most_65535_bytes() {
    assert!(defaults().app_id("a".repeat(65_535)).build().is_ok());
    let app = refused(defaults().app_id("a".repeat(65_536)));
    assert_eq!(app, "the application id has 65536 bytes, and at most 65535 are allowed");
    let named = |len| defaults().cookie_name("n".repeat(len)).max_token_chars(4_000);
    assert!(named(65_535).build().is_ok());
    assert_eq!(refused(named(65_536)), "the cookie name has 65536 bytes, and at most 65535 are allowed");
}

#[test]
fn a_token_limit_is_138_to_8192() {
    for chars in [0, 137, 8_193, usize::MAX] {
        let message = refused(defaults().max_token_chars(chars));
        assert!(message.contains(&format!("{chars} characters, and 138 to 8192 are allowed")), "{message}");
    }
    assert!(defaults().max_token_chars(138).build().is_ok());
    assert!(defaults().max_token_chars(8_192).build().is_ok());
}

#[test]
fn a_leeway_may_not_open_more_than_1024_epochs() {
    // 30 days and 1 day of grace are 744 hourly epochs; with the current one, 279 hours are left.
    let hour = Duration::from_secs(3_600);
    let hourly = || ring(vec![root(1).rotating_every(hour).unwrap()]);
    let with = |leeway| SealedStore::builder(hourly()).leeway(leeway);
    assert!(with(279 * hour).build().is_ok());
    let message = refused(with(279 * hour + Duration::from_millis(1)));
    assert!(message.contains("up to 1025 epochs") && message.contains("at most 1024"), "{message}");
}

#[test]
fn a_store_of_a_ring_that_does_not_seal_is_built() {
    let staged = ring(vec![root(1).activating_at(u64::MAX)]);
    let store = SealedStore::builder(staged).clock(ManualClock::at(NOW)).build().unwrap();
    assert!(store.create(CreateOptions::default()).is_err());
    assert!(SealedStore::builder(ring(vec![])).build().is_ok());
}
