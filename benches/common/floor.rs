//! The limit to approach: the primitives that one token takes, on buffers that are there already, and nothing
//! around them. No record is written or read, no key is looked up, no time is compared, nothing is wiped.

use base64::Engine as _;
use base64::engine::Simd;
use base64::engine::general_purpose::NO_PAD;
use hkdf::Hkdf;
use sealed_session::hazmat::Provider;
use sha2::Sha256;

const HEADER: usize = 41;
const TAG: usize = 16;

pub(crate) struct Floor {
    engine: Simd,
    provider: Provider,
    expand: Hkdf<Sha256>,
    bytes: Vec<u8>,
    text: Vec<u8>,
}

impl Floor {
    /// For a session with so many octets of user id and data.
    pub(crate) fn new(payload: usize) -> Self {
        let len = HEADER + 46 + payload + TAG;
        let mut floor = Self {
            engine: Simd::url_safe(NO_PAD),
            provider: Provider::in_use(),
            expand: Hkdf::from_prk(&[7; 32]).unwrap(),
            bytes: vec![0x61; len],
            text: vec![0; (len * 4).div_ceil(3)],
        };
        floor.seal();
        floor
    }

    /// A salt, a message key, the AEAD, the text.
    pub(crate) fn seal(&mut self) -> usize {
        getrandom::fill(&mut self.bytes[17..HEADER]).unwrap();
        self.seal_salted()
    }

    /// The same under the salt that is there.
    pub(crate) fn seal_salted(&mut self) -> usize {
        let key = self.message_key();
        let (header, rest) = self.bytes.split_at_mut(HEADER);
        let (record, tag) = rest.split_at_mut(rest.len() - TAG);
        tag.copy_from_slice(&self.provider.seal(&key, &[0; 12], header, record).unwrap());
        self.engine.encode_slice(&self.bytes, &mut self.text).unwrap()
    }

    /// The text, the message key, the AEAD.
    pub(crate) fn open(&mut self) -> bool {
        self.engine.decode_slice(&self.text, &mut self.bytes).unwrap();
        let key = self.message_key();
        let (header, rest) = self.bytes.split_at_mut(HEADER);
        let (record, tag) = rest.split_at_mut(rest.len() - TAG);
        self.provider.open(&key, &[0; 12], header, record, (&*tag).try_into().unwrap())
    }

    fn message_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        let info: [&[u8]; 2] = [b"sealed-session/v1 message key", &self.bytes[17..HEADER]];
        self.expand.expand_multi_info(&info, &mut key).unwrap();
        key
    }
}
