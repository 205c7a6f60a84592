//! The text form of a root secret, and where it is read from.
//!
//! `ssr1_` and the base64url of the secret followed by the first 4 bytes of SHA-256("ssr1_" || secret): a
//! prefix that secret scanners can find, and a checksum that catches a bad paste.

use std::path::Path;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::{DecodeError, DecodeSliceError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::RootSecret;
use crate::error::KeyError;
use crate::file;

const PREFIX: &str = "ssr1_";
const CHECKSUM_LEN: usize = 4;
const MAX_DECODED: usize = RootSecret::MAX_LEN + CHECKSUM_LEN;
/// Far above the longest text form; what is larger is some other file.
const MAX_FILE_LEN: u64 = 4096;

impl RootSecret {
    /// Reads the text form `ssr1_...`, which `sealed-session keygen` prints. One newline at the end is
    /// allowed, nothing else.
    ///
    /// # Errors
    /// Each kind of bad text has its own: empty, more than one secret, surrounding white space, another
    /// prefix, a character outside base64url, a text cut short or too long, and a wrong checksum.
    ///
    /// ```
    /// use sealed_session::RootSecret;
    ///
    /// let error = RootSecret::from_text("hunter2").unwrap_err();
    /// assert!(error.to_string().contains("does not begin with ssr1_"));
    /// ```
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        check_one_line(line)?;
        let encoded = line.strip_prefix(PREFIX).ok_or_else(|| {
            KeyError::new("a root secret does not begin with ssr1_: make one with `sealed-session keygen`")
        })?;
        let mut decoded = Zeroizing::new([0; MAX_DECODED]);
        let len = URL_SAFE_NO_PAD.decode_slice(encoded, decoded.as_mut_slice()).map_err(bad_encoding)?;
        let decoded = decoded.get(..len).unwrap_or_default();
        let (secret, checksum) = decoded
            .split_last_chunk::<CHECKSUM_LEN>()
            .filter(|(secret, _)| secret.len() >= Self::MIN_LEN)
            .ok_or_else(cut_short)?;
        if !bool::from(checksum.ct_eq(&self::checksum(secret))) {
            return Err(KeyError::new(
                "a root secret's checksum is wrong: a character was changed or lost; copy it again",
            ));
        }
        Self::from_bytes(secret)
    }

    /// The text form, for a file that only the server's user can read. Wiped when dropped.
    ///
    /// ```
    /// let text = sealed_session::RootSecret::generate()?.to_text();
    /// assert!(text.starts_with("ssr1_"));
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_DECODED));
        bytes.extend_from_slice(self.as_bytes());
        bytes.extend_from_slice(&checksum(self.as_bytes()));
        // Room for all of it, so that no half-written copy is left behind by a reallocation.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + MAX_DECODED.div_ceil(3) * 4));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        text
    }

    /// Reads the one secret that an environment variable holds, in its text form.
    ///
    /// # Errors
    /// When the variable is not set, is not Unicode, or is not one root secret.
    ///
    /// ```
    /// let error = sealed_session::RootSecret::from_env("NO_SUCH_VARIABLE").unwrap_err();
    /// assert!(error.to_string().contains("is not set"));
    /// ```
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        let text = std::env::var_os(variable).map(std::ffi::OsString::into_string).ok_or_else(|| {
            KeyError::new(format!("the environment variable {variable} is not set: put a root secret there"))
        })?;
        let text = Zeroizing::new(text.map_err(|bytes| {
            drop(Zeroizing::new(bytes.into_encoded_bytes()));
            KeyError::new(format!("the environment variable {variable} is not UTF-8"))
        })?);
        Self::from_text(&text).map_err(|e| e.at(format_args!("the environment variable {variable}")))
    }

    /// Reads the one secret that a file holds, in its text form.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by other users (`mode & 0o007`), or is not one root secret.
    ///
    /// ```no_run
    /// let secret = sealed_session::RootSecret::from_file("/run/credentials/shop/root-secret")?;
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        let text = file::read_private(path, MAX_FILE_LEN)?;
        Self::from_text(&text).map_err(|e| e.at(path.display()))
    }
}

impl FromStr for RootSecret {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::from_text(text)
    }
}

/// Nothing but one secret: what else stands there would be ignored, and somebody meant it.
fn check_one_line(line: &str) -> Result<(), KeyError> {
    let secrets = line.split_whitespace().count();
    if secrets == 0 {
        return Err(KeyError::new("a root secret is expected, and there is nothing"));
    }
    if secrets > 1 {
        return Err(KeyError::new(format!(
            "one root secret is expected, and there are {secrets} words: nothing would say which of several \
             secrets seals; put them into a ring file with `sealed-session ring add`"
        )));
    }
    if line.trim().len() != line.len() {
        return Err(KeyError::new(
            "a root secret is surrounded by white space (a Windows line end?): only one newline may follow it",
        ));
    }
    Ok(())
}

fn bad_encoding(error: DecodeSliceError) -> KeyError {
    match error {
        DecodeSliceError::OutputSliceTooSmall => {
            KeyError::new(format!("a root secret is too long: it has at most {} bytes", RootSecret::MAX_LEN))
        }
        DecodeSliceError::DecodeError(DecodeError::InvalidByte(at, _)) => KeyError::new(format!(
            "character {} of a root secret is not base64url (A-Z, a-z, 0-9, - and _, without padding)",
            PREFIX.len() + at + 1
        )),
        DecodeSliceError::DecodeError(_) => cut_short(),
    }
}

fn cut_short() -> KeyError {
    KeyError::new(format!(
        "a root secret is cut short: ssr1_ is followed by at least {} and at most {} characters",
        (RootSecret::MIN_LEN + CHECKSUM_LEN) * 4 / 3,
        (MAX_DECODED * 4).div_ceil(3)
    ))
}

fn checksum(secret: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = Sha256::new().chain_update(PREFIX).chain_update(secret).finalize();
    let mut checksum = [0; CHECKSUM_LEN];
    checksum.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        RootSecret::from_text(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn every_length_survives_its_text_form() {
        for len in RootSecret::MIN_LEN..=RootSecret::MAX_LEN {
            let secret = RootSecret::from_bytes(&vec![len as u8; len]).unwrap();
            let again = RootSecret::from_text(&format!("{}\n", *secret.to_text())).unwrap();
            assert_eq!(again.as_bytes(), secret.as_bytes());
        }
    }

    #[test]
    fn each_kind_of_bad_text_has_its_own_error() {
        let good = RootSecret::from_bytes(&[7; 32]).unwrap().to_text();
        let last = if good.ends_with('A') { "B" } else { "A" };
        let cases = [
            (String::new(), "there is nothing"),
            ("\n".into(), "there is nothing"),
            (format!("{}\n{}\n", *good, *good), "there are 2 words"),
            (format!("{}\n\n", *good), "surrounded by white space"),
            (format!("{}\r\n", *good), "surrounded by white space"),
            (format!(" {}", *good), "surrounded by white space"),
            (good.replacen("ssr1", "ssr2", 1), "does not begin with ssr1_"),
            (format!("\"{}\"", *good), "does not begin with ssr1_"),
            (good.replacen("ssr1_B", "ssr1_+", 1), "character 6 of a root secret is not base64url"),
            (format!("{}=", *good), "character 54 of a root secret is not base64url"),
            (good[..20].to_owned(), "cut short"),
            ("ssr1_".to_owned(), "cut short"),
            (good[..good.len() - 3].to_owned(), "cut short"),
            (format!("ssr1_{}", "A".repeat(92)), "too long"),
            (format!("{}{last}", &good[..good.len() - 1]), "checksum is wrong"),
        ];
        for (text, expected) in cases {
            assert!(message(&text).contains(expected), "{expected}: {}", message(&text));
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let good = RootSecret::from_bytes(&[0x42; 48]).unwrap().to_text();
        for at in 0..good.len() {
            for other in ["A", "b", "-", "_", "="] {
                let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
                assert!(changed == *good || RootSecret::from_text(&changed).is_err(), "character {at}");
            }
        }
    }

    #[test]
    fn no_error_quotes_the_secret() {
        let good = RootSecret::from_bytes(&[0x42; 48]).unwrap().to_text();
        for text in [format!("{}x", *good), format!("x{}", *good), good[..30].to_owned()] {
            assert!(!message(&text).contains(&good[6..20]));
        }
    }
}
