//! The conformance suite, through the trait.

use std::time::Duration;

use sealed_session::hazmat::ManualClock;
use sealed_session_bext::FromBext;
use sealed_session_conformance::Report;
use sealed_session_conformance::plugin::{self, Family, Subject};

use crate::*;

const MINUTE_MS: u64 = 60_000;

fn run(wrap: impl Fn(SealedStore) -> Box<dyn bext::SessionPlugin>) -> Report {
    plugin::run(|| {
        let clock = ManualClock::at(1_795_000_000_000);
        let store = SealedStore::builder(ring())
            .default_ttl(Duration::from_millis(20 * MINUTE_MS))
            .max_ttl(Duration::from_millis(60 * MINUTE_MS))
            .max_lifetime(Duration::from_millis(90 * MINUTE_MS))
            .clock(clock.clone());
        Subject::new(FromBext(wrap(store.build().unwrap())), Family::Stateless)
            .with_advance(move |ms| clock.advance(ms))
            .default_ttl_ms(20 * MINUTE_MS)
            .max_ttl_ms(60 * MINUTE_MS)
            .max_lifetime_ms(90 * MINUTE_MS)
    })
}

#[test]
fn the_store_passes_every_case_through_the_trait() {
    let report = run(|store| Box::new(ToBext(store)));
    report.assert_passed();
    assert_eq!(report.not_run().count(), 0, "{report}");
}

/// A host's mistake that the suite is there to find: to give back the id that came in.
struct Stale(ToBext<SealedStore>);

impl bext::SessionPlugin for Stale {
    fn name(&self) -> &str {
        "stale"
    }

    fn create(&self, opts: bext::CreateOptions) -> Result<bext::SessionId, bext::SessionError> {
        bext::SessionPlugin::create(&self.0, opts)
    }

    fn read(&self, id: &bext::SessionId) -> Result<bext::SessionRecord, bext::SessionError> {
        bext::SessionPlugin::read(&self.0, id)
    }

    fn update(&self, id: &bext::SessionId, data: &str) -> Result<bext::SessionId, bext::SessionError> {
        bext::SessionPlugin::update(&self.0, id, data)?;
        Ok(id.clone())
    }

    fn touch(&self, id: &bext::SessionId, ttl_ms: u64) -> Result<bext::SessionId, bext::SessionError> {
        bext::SessionPlugin::touch(&self.0, id, ttl_ms)
    }

    fn delete(&self, id: &bext::SessionId) -> Result<(), bext::SessionError> {
        bext::SessionPlugin::delete(&self.0, id)
    }
}

#[test]
fn a_bext_backend_that_is_wrong_fails_through_the_trait() {
    let report = run(|store| Box::new(Stale(ToBext(store))));
    let failed: Vec<_> = report.failures().map(|outcome| outcome.name).collect();
    assert!(failed.contains(&"update_replaces_the_data"), "{failed:?}");
}
