use sealed_session::{KeyRing, Root, RootSecret};

fn main() {
    let secret = RootSecret::generate().unwrap();
    let _: RootSecret = secret.clone(); //~ E0599
    let root = Root::new(secret);
    let _: Root = root.clone(); //~ E0599
    let ring = KeyRing::new(vec![root]).unwrap();
    let _: KeyRing = ring.clone(); //~ E0599
    let builder = sealed_session::SealedStore::builder(ring);
    let _ = builder.clone(); //~ E0599
}
