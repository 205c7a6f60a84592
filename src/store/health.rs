//! Whether a store can do its work, and why not.

use std::fmt;

use super::SealedStore;
use crate::error::KeyError;

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
}

impl fmt::Display for HealthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSealingKey => f.write_str(
                "no key of the ring is sealing now: activate a root secret or check the server's clock",
            ),
            Self::NoRandomness => f.write_str("the operating system's random generator failed"),
            Self::RingFile(error) => write!(f, "the last good ring is kept: {error}"),
        }
    }
}

impl std::error::Error for HealthError {}

impl SealedStore {
    /// As [`is_healthy`](crate::SessionPlugin::is_healthy), with the reason; for operators.
    ///
    /// # Errors
    /// When no key seals, the random generator fails, or the ring file that the store follows cannot be used.
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
        if let Some(trouble) = self.0.followed.trouble() {
            return Err(HealthError::RingFile(KeyError::clone(&trouble)));
        }
        Ok(())
    }
}
