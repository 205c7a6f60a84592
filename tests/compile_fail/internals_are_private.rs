use sealed_session::aead::open_in_place; //~ E0603
use sealed_session::key::SealingKey; //~ E0603
use sealed_session::record::Record; //~ E0603
use sealed_session::ring::live::Table; //~ E0603
use sealed_session::seal::Opened; //~ E0603
use sealed_session::seal::open; //~ E0603
use sealed_session::token::Parts; //~ E0603

fn main() {
    let _ = sealed_session::file::read_private; //~ E0603
    let _ = sealed_session::random::Entropy::System; //~ E0603
    let _ = sealed_session::SealedStore::builder;
}
