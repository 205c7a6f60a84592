//! The shape of a backend, and when it is healthy.

use sealed_session::hazmat::{ManualClock, with_randomness};
use sealed_session::{
    CreateOptions, HealthError, KeyRing, OpenError, OpenedSession, ResealError, SealError, SealedStore,
    SessionError, SessionId, SessionPlugin, SessionRecord, empty_data_json, encode_data_map,
};

use crate::common::{NOW, builder, options, ring, root, store};

/// A backend that says nothing about its health.
struct Silent;

impl SessionPlugin for Silent {
    fn name(&self) -> &str {
        "silent"
    }
    fn create(&self, _: CreateOptions) -> Result<SessionId, SessionError> {
        Err(SessionError::NotFound)
    }
    fn read(&self, _: &SessionId) -> Result<SessionRecord, SessionError> {
        Err(SessionError::NotFound)
    }
    fn update(&self, _: &SessionId, _: &str) -> Result<SessionId, SessionError> {
        Err(SessionError::NotFound)
    }
    fn touch(&self, _: &SessionId, _: u64) -> Result<SessionId, SessionError> {
        Err(SessionError::NotFound)
    }
    fn delete(&self, _: &SessionId) -> Result<(), SessionError> {
        Ok(())
    }
}

#[test]
fn the_contract_is_dyn_compatible_and_healthy_by_default() {
    let backends: [Box<dyn SessionPlugin>; 2] = [Box::new(Silent), Box::new(store(&ManualClock::at(NOW)))];
    let names: Vec<&str> = backends.iter().map(|backend| backend.name()).collect();
    assert_eq!(names, ["silent", "sealed"]);
    assert!(backends.iter().all(|backend| backend.is_healthy()));
}

#[test]
fn stores_records_and_errors_cross_threads() {
    fn crosses<T: Send + Sync + 'static>() {}
    crosses::<SealedStore>();
    crosses::<KeyRing>();
    crosses::<(SessionId, SessionRecord, CreateOptions, OpenedSession)>();
    crosses::<(SessionError, OpenError, SealError, ResealError)>();
    let store = store(&ManualClock::at(NOW));
    let id = std::thread::scope(|scope| {
        scope.spawn(|| store.create(options(Some("user"), "", 0)).unwrap()).join().unwrap()
    });
    assert_eq!(store.read(&id).unwrap().user_id.as_deref(), Some("user"));
}

#[test]
fn errors_are_errors() {
    fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> String {
        Box::<dyn std::error::Error + Send + Sync>::from(error).to_string()
    }
    assert_eq!(boxed(SessionError::NotFound), "session not found");
    assert_eq!(boxed(SessionError::Invalid("why".into())), "invalid session: why");
    assert_eq!(boxed(SessionError::Backend("why".into())), "session backend error: why");
    assert_eq!(boxed(SealError::NoRandomness), "the operating system's random generator failed");
}

#[test]
fn a_clone_is_the_same_store() {
    assert!(size_of::<SealedStore>() <= 2 * size_of::<usize>(), "cloning copies a pointer or two");
    let clock = ManualClock::at(NOW);
    let (store, id) = (store(&clock), CreateOptions::default());
    let clone = store.clone();
    let id = store.create(id).unwrap();
    assert_eq!(clone.read(&id), store.read(&id));
    clone.replace_ring(ring(vec![root(2)])).unwrap();
    assert!(store.read(&id).is_err(), "a ring is replaced for all clones");
}

#[test]
fn a_store_without_a_sealing_key_is_not_healthy_and_opens() {
    let clock = ManualClock::at(NOW);
    let staged = || root(1).activating_at(NOW + 1);
    let store = SealedStore::builder(ring(vec![staged()])).clock(clock.clone()).build().unwrap();
    let id = self::store(&clock).create(CreateOptions::default()).unwrap();
    assert!(!store.is_healthy());
    assert_eq!(
        (store.ready(), store.health()),
        (Err(HealthError::NoSealingKey), Err(HealthError::NoSealingKey))
    );
    assert!(store.read(&id).is_ok());
    clock.advance(1);
    assert!(store.is_healthy());
    assert_eq!((store.ready(), store.health()), (Ok(()), Ok(())));
}

#[test]
fn a_store_whose_generator_fails_is_not_healthy_and_opens() {
    let clock = ManualClock::at(NOW);
    let id = store(&clock).create(CreateOptions::default()).unwrap();
    let broken = with_randomness(builder(&clock), |_| false).build().unwrap();
    assert!(!broken.is_healthy());
    assert_eq!(
        (broken.ready(), broken.health()),
        (Err(HealthError::NoRandomness), Err(HealthError::NoRandomness))
    );
    assert!(broken.read(&id).is_ok());
    assert_eq!(broken.delete(&id), Ok(()));
    assert_eq!(broken.create_with(CreateOptions::default(), b""), Err(SealError::NoRandomness));
    let no_randomness = Err(ResealError::Seal(SealError::NoRandomness));
    for change in [broken.reseal(&id), broken.cycle(&id), broken.authenticate(&id, "user")] {
        assert_eq!(change, no_randomness);
    }
    for change in [broken.update(&id, "{}"), broken.touch(&id, 0)] {
        assert!(matches!(change, Err(SessionError::Backend(_))), "{change:?}");
    }
    let uid = broken.open(&id).unwrap().uid();
    assert_eq!(broken.csrf_token(uid), Err(SealError::NoRandomness));
}

#[test]
fn a_generator_is_drawn_for_every_token() {
    // What fails from its second draw on leaves no token with randomness of before.
    let draws = std::sync::atomic::AtomicUsize::new(0);
    let once = move |out: &mut [u8]| {
        out.fill(7);
        draws.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0
    };
    let store = with_randomness(builder(&ManualClock::at(NOW)), once).build().unwrap();
    let id = store.create(CreateOptions::default()).unwrap();
    assert_eq!(store.reseal(&id), Err(ResealError::Seal(SealError::NoRandomness)));
}

#[test]
fn data_can_be_made_without_a_json_library() {
    let map = [("quote\"".to_owned(), "new\nline".to_owned())].into();
    assert_eq!(encode_data_map(&map), r#"{"quote\"":"new\nline"}"#);
    assert_eq!(encode_data_map(&[].into()), empty_data_json());
    let store = store(&ManualClock::at(NOW));
    assert!(store.create(options(None, &encode_data_map(&map), 0)).is_ok());
}

#[test]
fn ids_and_records_survive_serde_as_upstream() {
    let store = store(&ManualClock::at(NOW));
    let id = store.create(options(Some("user"), r#"{"a":1}"#, 0)).unwrap();
    let record = store.read(&id).unwrap();
    let json = serde_json::to_string(&record).unwrap();
    assert!(json.starts_with(&format!(r#"{{"id":"{}","user_id":"user","data_json":"#, id.as_str())));
    assert_eq!(serde_json::from_str::<SessionRecord>(&json).unwrap(), record);
}
