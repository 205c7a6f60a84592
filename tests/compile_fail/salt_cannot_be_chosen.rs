use sealed_session::{CreateOptions, KeyRing, RootSecret, SealedStore, SessionPlugin};

fn main() {
    let ring = || KeyRing::single(RootSecret::generate().unwrap());
    let _ = SealedStore::builder(ring()).salt([0; 24]); //~ E0599
    let _ = SealedStore::builder(ring()).nonce([0; 12]); //~ E0599
    let _ = SealedStore::builder(ring()).entropy(|_: &mut [u8]| true); //~ E0599
    let _ = SealedStore::builder(ring()).rng(|_: &mut [u8]| true); //~ E0599
    let _ = SealedStore::builder(ring()).padding(64);
    let store = SealedStore::builder(ring()).build().unwrap();
    let _ = store.create_with_salt(CreateOptions::default(), &[0; 24]); //~ E0599
    let _ = store.create_with(CreateOptions::default(), b"", &[0; 24]); //~ E0061
    let uid = store.open(&store.create(CreateOptions::default()).unwrap()).unwrap().uid();
    let _ = store.csrf_token(uid, &[0; 24]); //~ E0061
    let _ = CreateOptions { salt: [0; 24], ..CreateOptions::default() }; //~ E0560
}
