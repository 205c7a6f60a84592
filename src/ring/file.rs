//! The ring file: JSON that an operator can read, review and mend.
//!
//! ```json
//! { "format": "sealed-session-ring/1", "max_ttl_s": 2592000,
//!   "keys": [ { "secret": "ssr1_...", "period_s": 0, "created_at": "2026-11-20T00:00:00Z",
//!               "activate_at": "2026-11-20T00:10:00Z", "retire_at": null, "revoked": false } ] }
//! ```
//!
//! Every field is parsed by itself from the text that stands there, so that a mistake is reported with its
//! line and name, and no error can quote a secret.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{DEFAULT_MAX_TTL_S, Fault, KeyRing, Root};
use crate::error::KeyError;
use crate::file;
use crate::key::RootSecret;

const FORMAT: &str = "sealed-session-ring/1";
/// The name of the ring file in a folder that Kubernetes or systemd mounts.
const NAME_IN_FOLDER: &str = "ring.json";
/// Room for thousands of secrets; what is larger is some other file.
const MAX_FILE_LEN: u64 = 1 << 20;
/// The last time that the file can hold, in milliseconds since 1970; late in the year 9999.
pub(crate) const LAST_MS: u64 = 253_402_207_200_000;

impl KeyRing {
    /// Reads a ring file, or the `ring.json` in a folder, as Kubernetes and systemd credentials mount it.
    ///
    /// # Errors
    /// When the file cannot be read, can be read by other users (`mode & 0o007`), is not a ring file (the
    /// text names line and field), or holds a ring that [`KeyRing::new`] refuses. A folder of bare secrets
    /// is refused, because nothing would say which of them seals.
    ///
    /// ```no_run
    /// let ring = sealed_session::KeyRing::load("/etc/shop/ring.json")?;
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = ring_file(path.as_ref())?;
        let text = file::read_private(&path, MAX_FILE_LEN)?;
        Self::from_json(&text).map_err(|e| e.at(path.display()))
    }

    /// Replaces an existing ring file, atomically: a crash at any point leaves the old file or the new one.
    /// The new one has mode 0600 and the owner of the old one.
    ///
    /// # Errors
    /// When the file does not exist or cannot be written; it is then unchanged.
    ///
    /// ```no_run
    /// use sealed_session::KeyRing;
    ///
    /// let mut ring = KeyRing::load("ring.json")?;
    /// ring.prune(1_795_000_000_000);
    /// ring.save("ring.json")?;
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        file::replace(&ring_file(path.as_ref())?, &self.to_json()?)
    }

    /// Writes a new ring file, mode 0600.
    ///
    /// # Errors
    /// When the file exists (it is never overwritten) or cannot be written.
    ///
    /// ```no_run
    /// use sealed_session::{KeyRing, RootSecret};
    ///
    /// KeyRing::single(RootSecret::generate()?).save_new("ring.json")?;
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn save_new(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        file::create(path.as_ref(), &self.to_json()?)
    }

    /// The ring of the one root secret that an environment variable holds (`ssr1_...`), fixed and sealing.
    /// Several secrets need a ring file, which says which of them seals.
    ///
    /// # Errors
    /// As [`RootSecret::from_env`].
    ///
    /// ```
    /// assert!(sealed_session::KeyRing::from_env("NO_SUCH_VARIABLE").is_err());
    /// ```
    pub fn from_env(variable: &str) -> Result<Self, KeyError> {
        RootSecret::from_env(variable).map(Self::single)
    }

    /// Reads the text of a ring file.
    ///
    /// # Errors
    /// When it is not a ring file; the text names line and field and quotes no secret.
    ///
    /// ```
    /// let error = sealed_session::KeyRing::from_json(r#"{"format":"other","keys":[]}"#).unwrap_err();
    /// assert!(error.to_string().starts_with("line 1, field format:"));
    /// ```
    pub fn from_json(text: &str) -> Result<Self, KeyError> {
        let source = Source(text);
        let raw: RawRing = source.object(text, "the ring")?;
        source.format(raw.format)?;
        let max_ttl_s = match raw.max_ttl_s {
            Some(raw) => source.max_ttl_s(raw)?,
            None => DEFAULT_MAX_TTL_S,
        };
        let raw_keys: Vec<&RawValue> = source.value(raw.keys, "keys", "a list of objects")?;
        let mut keys = Vec::with_capacity(raw_keys.len());
        for (index, raw) in raw_keys.iter().enumerate() {
            keys.push(source.object::<RawKey>(raw.get(), format_args!("keys[{index}]"))?);
        }
        let roots =
            keys.iter().enumerate().map(|(index, key)| source.root(index, key)).collect::<Result<_, _>>()?;
        Self::build(roots, max_ttl_s).map_err(|fault| source.fault(fault, &keys))
    }

    /// The text of the ring file; it holds the secrets, and is wiped when dropped.
    ///
    /// # Errors
    /// When a time is later than the year 9999.
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret};
    ///
    /// let ring = KeyRing::single(RootSecret::generate()?);
    /// let again = KeyRing::from_json(&ring.to_json()?)?;
    /// assert_eq!(again.roots()[0].id(), ring.roots()[0].id());
    /// # Ok::<(), sealed_session::KeyError>(())
    /// ```
    pub fn to_json(&self) -> Result<Zeroizing<String>, KeyError> {
        let secrets: Vec<Zeroizing<String>> = self.roots.iter().map(|root| root.secret.to_text()).collect();
        let mut keys = Vec::with_capacity(self.roots.len());
        for (root, secret) in self.roots.iter().zip(&secrets) {
            keys.push(KeyOut {
                secret,
                period_s: root.period_s,
                created_at: root.created_at_ms.map(timestamp).transpose()?,
                activate_at: timestamp(root.activate_at_ms)?,
                retire_at: root.retire_at_ms.map(timestamp).transpose()?,
                revoked: root.revoked,
            });
        }
        // More room than is needed, so that no half-written copy is left behind by a reallocation.
        let mut text = Zeroizing::new(Vec::with_capacity(256 + 512 * keys.len()));
        let ring = RingOut { format: FORMAT, max_ttl_s: self.max_ttl_s, keys };
        let written = serde_json::to_writer_pretty(&mut *text, &ring);
        written.map_err(|e| KeyError::new(format!("the ring cannot be written as JSON: {e}")))?;
        text.push(b'\n');
        let text = std::str::from_utf8(&text).map_err(|_| KeyError::new("the ring is not UTF-8"))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

#[derive(Serialize)]
struct RingOut<'a> {
    format: &'static str,
    max_ttl_s: u64,
    keys: Vec<KeyOut<'a>>,
}

#[derive(Serialize)]
struct KeyOut<'a> {
    secret: &'a str,
    period_s: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    activate_at: String,
    retire_at: Option<String>,
    revoked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRing<'a> {
    #[serde(borrow)]
    format: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    max_ttl_s: Option<&'a RawValue>,
    #[serde(borrow)]
    keys: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey<'a> {
    #[serde(borrow)]
    secret: &'a RawValue,
    #[serde(borrow)]
    period_s: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    activate_at: &'a RawValue,
    #[serde(borrow)]
    retire_at: &'a RawValue,
    #[serde(borrow)]
    revoked: &'a RawValue,
}

/// An optional field that stands there, even as `null`: only one that is left out has its default.
fn present<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(field).map(Some)
}

/// The text of a ring file, which every raw value is a part of.
struct Source<'a>(&'a str);

impl<'a> Source<'a> {
    /// The fields of a JSON object; each is still raw.
    fn object<T: Deserialize<'a>>(&self, part: &'a str, what: impl std::fmt::Display) -> Result<T, KeyError> {
        // serde would also take a list for a struct.
        if !part.trim_ascii_start().starts_with('{') {
            return Err(self.error(part, what, "a JSON object is expected"));
        }
        serde_json::from_str(part).map_err(|e| {
            let line = self.line(part) + e.line().saturating_sub(1);
            KeyError::new(format!("line {line}, column {}, {what}: {}", e.column(), without_secret(&e)))
        })
    }

    fn value<T: Deserialize<'a>>(
        &self,
        raw: &'a RawValue,
        field: impl std::fmt::Display,
        expected: &str,
    ) -> Result<T, KeyError> {
        let wrong =
            |_| self.error(raw.get(), format_args!("field {field}"), format_args!("{expected} is expected"));
        serde_json::from_str(raw.get()).map_err(wrong)
    }

    fn format(&self, raw: &'a RawValue) -> Result<(), KeyError> {
        let expected = format!("\"{FORMAT}\"");
        let format: String = self.value(raw, "format", &expected)?;
        if format == FORMAT {
            return Ok(());
        }
        Err(self.error(
            raw.get(),
            "field format",
            format_args!("{expected} is expected: is this a ring file?"),
        ))
    }

    fn max_ttl_s(&self, raw: &'a RawValue) -> Result<u64, KeyError> {
        let expected = "a whole number of seconds, 1 or more,";
        match self.value(raw, "max_ttl_s", expected)? {
            0 => Err(self.error(raw.get(), "field max_ttl_s", format_args!("{expected} is expected"))),
            seconds => Ok(seconds),
        }
    }

    fn root(&self, index: usize, key: &RawKey<'a>) -> Result<Root, KeyError> {
        let field = |name| format!("keys[{index}].{name}");
        let secret: &str = self.value(key.secret, field("secret"), "text without escapes (ssr1_...)")?;
        let secret = RootSecret::from_text(secret)
            .map_err(|e| self.error(key.secret.get(), format_args!("field {}", field("secret")), e))?;
        let period_s = self.value(
            key.period_s,
            field("period_s"),
            "a whole number of seconds (0 for a key that does not rotate)",
        )?;
        let mut root = Root::new(secret).rotating_every(Duration::from_secs(period_s))?;
        root.created_at_ms = match key.created_at {
            Some(raw) => self.time(raw, field("created_at"))?,
            None => None,
        };
        root.activate_at_ms = self.time(key.activate_at, field("activate_at"))?.ok_or_else(|| {
            self.error(
                key.activate_at.get(),
                format_args!("field {}", field("activate_at")),
                "a time is expected",
            )
        })?;
        root.retire_at_ms = self.time(key.retire_at, field("retire_at"))?;
        root.revoked = self.value(key.revoked, field("revoked"), "true or false")?;
        Ok(root)
    }

    fn time(&self, raw: &'a RawValue, field: String) -> Result<Option<u64>, KeyError> {
        let expected = "a time such as \"2026-11-20T00:10:00Z\", 1970 or later, to the millisecond,";
        let Some(text) = self.value::<Option<String>>(raw, &field, expected)? else { return Ok(None) };
        let time = text.parse::<Timestamp>().ok().filter(|time| time.subsec_nanosecond() % 1_000_000 == 0);
        let ms = time.and_then(|time| u64::try_from(time.as_millisecond()).ok());
        let wrong =
            || self.error(raw.get(), format_args!("field {field}"), format_args!("{expected} is expected"));
        ms.ok_or_else(wrong).map(Some)
    }

    /// A mistake that only shows when the whole ring is seen, at the place where it stands.
    fn fault(&self, fault: Fault, keys: &[RawKey<'a>]) -> KeyError {
        let place = format!("field keys[{}].{}", fault.index, fault.field);
        let raw = keys.get(fault.index).map(|key| match fault.field {
            "secret" => key.secret,
            "period_s" => key.period_s,
            "retire_at" => key.retire_at,
            _ => key.activate_at,
        });
        self.error(raw.map_or(self.0, RawValue::get), place, fault.message)
    }

    fn error(&self, part: &str, what: impl std::fmt::Display, message: impl std::fmt::Display) -> KeyError {
        KeyError::new(format!("line {}, {what}: {message}", self.line(part)))
    }

    /// The line (from 1) at which a part of the text begins.
    fn line(&self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).saturating_sub(self.0.as_ptr() as usize);
        let lead = part.len() - part.trim_ascii_start().len();
        let before = self.0.as_bytes().iter().take(offset + lead);
        1 + before.filter(|&&octet| octet == b'\n').count()
    }
}

/// serde quotes unknown field names; one of them may be a secret in the wrong place.
fn without_secret(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    if text.contains("ssr1_") { "a secret stands where a field name is expected".into() } else { text.into() }
}

fn timestamp(ms: u64) -> Result<String, KeyError> {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.to_string()).ok_or_else(|| {
        KeyError::new(format!("the time {ms} ms is later than a ring file can hold (year 9999)"))
    })
}

/// The ring file that a path stands for.
fn ring_file(path: &Path) -> Result<PathBuf, KeyError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let file = path.join(NAME_IN_FOLDER);
    if file.exists() {
        return Ok(file);
    }
    Err(KeyError::new(format!(
        "{}: is a folder without a {NAME_IN_FOLDER}: a folder of bare secrets is not read, because nothing \
         would say which of them seals; make the file with `sealed-session ring init` and `ring add`",
        path.display()
    )))
}
