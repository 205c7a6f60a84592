use sealed_session::hazmat; //~ E0432
use sealed_session::hazmat::Provider; //~ E0432

fn main() {
    let _ = sealed_session::hazmat::derive; //~ E0433
    let _ = sealed_session::hazmat::with_randomness; //~ E0433
    let _ = sealed_session::RootSecret::generate;
}
