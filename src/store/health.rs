//! Whether a store can do its work, and why not.

use std::fmt;

use super::SealedStore;
use crate::error::KeyError;
#[cfg(feature = "revocation")]
use crate::revocation::Revocations;

/// Why a store is not healthy. It may open tokens all the same.
///
/// ```
/// use sealed_session::{HealthError, KeyRing, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::new(vec![])?).build()?;
/// assert_eq!(store.health(), Err(HealthError::NoSealingKey));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HealthError {
    /// No root secret of the ring seals now.
    NoSealingKey,
    /// The operating system's random generator failed.
    NoRandomness,
    /// The ring file that the store follows cannot be used, so it has the last good ring. Only with the feature
    /// `watch`.
    RingFile(KeyError),
    /// The backend of revocations does not answer, so what was last known counts. Only with the feature
    /// `revocation`.
    Revocations {
        /// What is wrong.
        message: String,
        /// How long ago it last answered.
        age: std::time::Duration,
    },
}

impl fmt::Display for HealthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSealingKey => f.write_str(
                "no key of the ring is sealing now: activate a root secret or check the server's clock",
            ),
            Self::NoRandomness => f.write_str("the operating system's random generator failed"),
            Self::RingFile(error) => write!(f, "the last good ring is kept: {error}"),
            Self::Revocations { message, age } => {
                write!(f, "what was revoked until {} s ago is known: {message}", age.as_secs())
            }
        }
    }
}

impl std::error::Error for HealthError {}

impl SealedStore {
    /// As [`is_healthy`](crate::SessionPlugin::is_healthy), with the reason; for operators.
    ///
    /// # Errors
    /// When no key seals, the random generator fails, the ring file that the store follows cannot be used, or the
    /// backend of revocations does not answer.
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// assert_eq!(store.health(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health(&self) -> Result<(), HealthError> {
        let moment = self.moment();
        if moment.keys.sealing().is_none() {
            return Err(HealthError::NoSealingKey);
        }
        moment.fresh::<1>().map_err(|_| HealthError::NoRandomness)?;
        #[cfg(feature = "watch")]
        if let Some(trouble) = self.0.first().followed.trouble() {
            return Err(HealthError::RingFile(KeyError::clone(&trouble)));
        }
        #[cfg(feature = "revocation")]
        if let Some(trouble) = self.0.revocations.as_ref().and_then(Revocations::trouble) {
            let age = self.0.revocations.as_ref().and_then(Revocations::age).unwrap_or_default();
            return Err(HealthError::Revocations { message: trouble.to_string(), age });
        }
        Ok(())
    }
}
