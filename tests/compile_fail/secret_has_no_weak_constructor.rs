use sealed_session::RootSecret;

fn main() {
    let _ = RootSecret::default(); //~ E0599
    let _ = RootSecret::new(); //~ E0599
    let _ = RootSecret::from_passphrase("hunter2"); //~ E0599
    let _: RootSecret = [0_u8; 32].into(); //~ E0277
    let _: RootSecret = RootSecret::from_bytes(&[0; 32]); //~ E0308
    let _ = RootSecret::from_bytes(&[0; 32]);
}
