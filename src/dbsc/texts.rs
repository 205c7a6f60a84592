//! What is sealed in proofs, identifiers and challenges: the data of their records, each with exactly one spelling.
//!
//! ```text
//! proof        {"dbsc":"<binding>"}
//! identifier   {"x":"<x>","y":"<y>"}                the device's public key
//! challenge    {"register":"<uid of the login>"}
//!              {"refresh":"<binding>"}
//! ```
//!
//! Everything in `<>` is base64url: 32 octets, of a uid 16.

use base64::Engine as _;

use super::Binding;
use super::es256::Point;
use crate::base64url;
use crate::uid::SessionUid;

const PROOF: &str = r#"{"dbsc":""#;
const REGISTER: &str = r#"{"register":""#;
const REFRESH: &str = r#"{"refresh":""#;
const KEY_X: &str = r#"{"x":""#;
const KEY_Y: &str = r#"","y":""#;
const END: &str = r#""}"#;

/// Bytes of a proof's data: 32 bytes are 43 characters of base64url.
pub(super) const PROOF_LEN: usize = PROOF.len() + 43 + END.len();

pub(super) fn of_proof(binding: &Binding) -> String {
    [PROOF, &encoded(binding.as_bytes()), END].concat()
}

pub(super) fn proof(data: &str) -> Option<Binding> {
    octets(data.strip_prefix(PROOF)?.strip_suffix(END)?).map(Binding)
}

pub(super) fn of_key(key: &Point) -> String {
    [KEY_X, &encoded(&key.x), KEY_Y, &encoded(&key.y), END].concat()
}

pub(super) fn key(data: &str) -> Option<Point> {
    let (x, y) = data.strip_prefix(KEY_X)?.strip_suffix(END)?.split_once(KEY_Y)?;
    Some(Point { x: octets(x)?, y: octets(y)? })
}

/// What a challenge was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The registration of a device by the session with this uid.
    Register(SessionUid),
    /// A refresh of the device with this binding.
    Refresh(Binding),
}

impl Purpose {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Register(uid) => [REGISTER, &encoded(uid.as_bytes()), END].concat(),
            Self::Refresh(binding) => [REFRESH, &encoded(binding.as_bytes()), END].concat(),
        }
    }

    pub(super) fn read(data: &str) -> Option<Self> {
        let inner = data.strip_suffix(END)?;
        match inner.strip_prefix(REGISTER) {
            Some(uid) => octets(uid).map(SessionUid::from_bytes).map(Self::Register),
            None => octets(inner.strip_prefix(REFRESH)?).map(Binding).map(Self::Refresh),
        }
    }

    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Register(_), Self::Register(_)) | (Self::Refresh(_), Self::Refresh(_)))
    }
}

/// Exactly `N` octets from their one text.
pub(super) fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut octets = [0; N];
    let len = base64url::engine().decode_slice(text, &mut octets).ok()?;
    (len == N).then_some(octets)
}

fn encoded(octets: &[u8]) -> String {
    base64url::engine().encode(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    const B32: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    #[test]
    fn each_text_is_what_the_table_says() {
        let (binding, uid) = (Binding([2; 32]), SessionUid::from_bytes([2; 16]));
        assert_eq!(of_proof(&binding), format!(r#"{{"dbsc":"{B32}"}}"#));
        assert_eq!(of_proof(&binding).len(), PROOF_LEN);
        assert_eq!(of_key(&Point { x: [2; 32], y: [2; 32] }), format!(r#"{{"x":"{B32}","y":"{B32}"}}"#));
        assert_eq!(Purpose::Register(uid).text(), r#"{"register":"AgICAgICAgICAgICAgICAg"}"#);
        assert_eq!(Purpose::Refresh(binding).text(), format!(r#"{{"refresh":"{B32}"}}"#));
    }

    #[test]
    fn each_text_is_read_again() {
        let (binding, uid) = (Binding([9; 32]), SessionUid::from_bytes([8; 16]));
        let point = Point { x: [1; 32], y: [0xFF; 32] };
        assert_eq!(proof(&of_proof(&binding)), Some(binding));
        assert_eq!(key(&of_key(&point)), Some(point));
        for purpose in [Purpose::Register(uid), Purpose::Refresh(binding)] {
            assert_eq!(Purpose::read(&purpose.text()), Some(purpose));
        }
    }

    #[test]
    fn no_other_text_is_read() {
        for data in [
            "{}".to_owned(),
            format!(r#"{{"dbsc": "{B32}"}}"#),
            format!(r#"{{"dbsc":"{B32}A"}}"#),
            format!(r#"{{"dbsc":"{}"}}"#, &B32[1..]),
            format!(r#"{{"dbsc":"{B32}","dbsc":"{B32}"}}"#),
            format!(r#"{{"x":"{B32}"}}"#),
            format!(r#"{{"x":"{B32}","y":"{B32}","y":"{B32}"}}"#),
            format!(r#"{{"register":"{B32}"}}"#),
            r#"{"refresh":"AgICAgICAgICAgICAgICAg"}"#.to_owned(),
            r#"{"#.to_owned(),
            String::new(),
        ] {
            assert_eq!((proof(&data), key(&data), Purpose::read(&data)), (None, None, None), "{data}");
        }
    }
}
