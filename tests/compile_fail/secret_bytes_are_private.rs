use sealed_session::{KeyRing, RootSecret};

fn main() {
    let secret = RootSecret::generate().unwrap();
    let _ = &secret.0; //~ E0616
    let _ = secret.as_bytes(); //~ E0624
    let _ = secret.extract(); //~ E0624
    let _ = &secret[..]; //~ E0608
    let _ = &*secret; //~ E0614
    let _: Vec<u8> = secret.into(); //~ E0277
    let ring = KeyRing::single(RootSecret::generate().unwrap());
    let _ = &ring.roots; //~ E0616
    let _ = &ring.roots()[0].secret; //~ E0616
    let _ = &ring.roots()[0].key; //~ E0616
    let _ = ring.roots()[0].id();
}
