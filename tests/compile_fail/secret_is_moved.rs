use sealed_session::{KeyRing, RootSecret};

fn main() {
    let secret = RootSecret::generate().unwrap();
    let ring = KeyRing::single(secret);
    let _ = secret.to_text(); //~ E0382
    let builder = sealed_session::SealedStore::builder(ring);
    let _ = ring.to_json(); //~ E0382
    drop(builder);
}
