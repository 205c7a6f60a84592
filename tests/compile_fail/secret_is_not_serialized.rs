use sealed_session::{KeyRing, RootSecret};

fn main() {
    let secret = RootSecret::generate().unwrap();
    let _ = serde_json::to_string(&secret); //~ E0277
    let _ = serde_json::from_str::<RootSecret>("\"\""); //~ E0277
    let ring = KeyRing::single(secret);
    let _ = serde_json::to_string(&ring); //~ E0277
    let _ = serde_json::to_string(&ring.roots()); //~ E0277
    let _ = serde_json::to_string(&ring.max_ttl_s());
}
