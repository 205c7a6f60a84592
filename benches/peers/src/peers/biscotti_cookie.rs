//! `biscotti`: AES-256-GCM-SIV, base64url, from and to header values. No expiry: checked by hand.

use biscotti::config::{CryptoAlgorithm, CryptoRule};
use biscotti::{Key, Processor, ProcessorConfig, RequestCookies, ResponseCookie, ResponseCookies};

use super::COOKIE;
use crate::Peer;
use crate::claims::{Claims, Opened};

pub(super) struct Biscotti(Processor);

impl Biscotti {
    pub(super) fn new() -> Self {
        let mut config = ProcessorConfig::default();
        config.crypto_rules.push(CryptoRule {
            cookie_names: vec![COOKIE.to_owned()],
            algorithm: CryptoAlgorithm::Encryption,
            key: Key::generate(),
            fallbacks: vec![],
        });
        Self(config.into())
    }
}

impl Peer for Biscotti {
    fn name(&self) -> &'static str {
        "biscotti"
    }

    fn seal(&self, claims: &Claims) -> String {
        let mut cookies = ResponseCookies::new();
        cookies.insert(ResponseCookie::new(COOKIE, claims.to_json()));
        let header = cookies.header_values(&self.0).next().expect("one cookie");
        super::cookie_value(&header).expect("a name and a value")
    }

    fn open(&self, token: &str) -> Option<Opened> {
        let header = format!("{COOKIE}={token}");
        let cookies = RequestCookies::parse_header(&header, &self.0).ok()?;
        Opened::from_json(cookies.get(COOKIE)?.value())
    }
}
