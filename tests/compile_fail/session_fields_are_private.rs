use sealed_session::{CreateOptions, KeyRing, OpenedSession, RootSecret, SealedStore, SessionPlugin};

fn main() {
    let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
    let session = store.open(&store.create(CreateOptions::default()).unwrap()).unwrap();
    let _ = &session.record().user_id;
    let _ = OpenedSession { renewed_at_ms: u64::MAX, ..session.clone() }; //~ E0451
    let OpenedSession { uid: _, .. } = session; //~ E0451
}
