//! The peers, one file each.

use crate::Peer;

mod axum_extra_jar;
mod biscotti_cookie;
mod biscuit_jwe;
mod branca_token;
mod cookie_private;
mod cookie_signed;
mod fernet_token;
mod josekit_jwe;
mod jsonwebtoken_hs256;
mod ours;
mod pasetors_local;
mod rusty_paseto_local;
mod seshcookie_layer;

pub use cookie_private::{PRIVATE_JAR, PRIVATE_JAR_CHECKING};
pub use ours::{OURS, Ours};

/// All of them, ours first.
#[must_use]
pub fn all() -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(Ours::new()),
        Box::new(cookie_private::Private::new()),
        Box::new(cookie_private::Private::checking()),
        Box::new(axum_extra_jar::Jar::new()),
        Box::new(biscotti_cookie::Biscotti::new()),
        Box::new(seshcookie_layer::Seshcookie::new()),
        Box::new(pasetors_local::Pasetors::new()),
        Box::new(rusty_paseto_local::RustyPaseto::new()),
        Box::new(branca_token::Branca::new()),
        Box::new(fernet_token::FernetToken::new()),
        Box::new(josekit_jwe::Josekit::new()),
        Box::new(biscuit_jwe::Biscuit::new()),
        Box::new(cookie_signed::Signed::new()),
        Box::new(jsonwebtoken_hs256::Hs256::new()),
    ]
}

/// The name of the cookie, for the peers that have to do with it.
const COOKIE: &str = "session";

/// What follows `session=` in the value of a `Set-Cookie` header.
fn cookie_value(header: &str) -> Option<String> {
    let (_, value) = header.split_once('=')?;
    Some(value.split(';').next()?.to_owned())
}
