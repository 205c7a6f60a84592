//! The ring file: JSON that an operator can read, review and mend.
//!
//! ```json
//! { "format": "sealed-session-ring/1", "max_ttl_s": 2592000,
//!   "keys": [ { "secret": "ssr1_...", "period_s": 0, "created_at": "2026-11-20T00:00:00Z",
//!               "activate_at": "2026-11-20T00:10:00Z", "retire_at": null, "revoked": false } ] }
//! ```

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{KeyRing, parse};
use crate::error::KeyError;
use crate::file;
use crate::key::RootSecret;

pub(super) const FORMAT: &str = "sealed-session-ring/1";
/// The name of the ring file in a folder that Kubernetes or systemd mounts.
pub(super) const NAME_IN_FOLDER: &str = "ring.json";
/// Room for thousands of secrets; what is larger is some other file.
const MAX_FILE_LEN: u64 = 1 << 20;
/// The last time that the file can hold, in milliseconds since 1970; late in the year 9999.
pub(super) const LAST_MS: u64 = 253_402_207_200_000;

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
        let (path, text) = read_text(path.as_ref())?;
        Self::from_json(&text).map_err(|e| e.at(path.display()))
    }

    /// Replaces an existing ring file, atomically: a crash at any point leaves the old file or the new one.
    /// The new one has mode 0600, and keeps the owner, the group and what the group was allowed.
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
        parse::ring(text)
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

fn timestamp(ms: u64) -> Result<String, KeyError> {
    let time = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    time.map(|time| time.to_string()).ok_or_else(|| {
        KeyError::new(format!("the time {ms} ms is later than a ring file can hold (year 9999)"))
    })
}

/// The text of the ring file that a path stands for, and where it is.
pub(super) fn read_text(path: &Path) -> Result<(PathBuf, Zeroizing<String>), KeyError> {
    let path = ring_file(path)?;
    let text = file::read_private(&path, MAX_FILE_LEN)?;
    Ok((path, text))
}

/// The ring file that a path stands for.
pub(super) fn ring_file(path: &Path) -> Result<PathBuf, KeyError> {
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
