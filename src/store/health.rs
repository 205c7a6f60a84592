//! Whether a store can serve sessions, whether all is well, and why not: two questions, and two answers.

use std::fmt;

use super::SealedStore;
use crate::error::KeyError;
#[cfg(feature = "revocation")]
use crate::revocation::Revocations;

/// Why a store is not healthy. It may open tokens all the same: [`ready`](SealedStore::ready) says whether.
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
    /// The ring file that the store follows cannot be used, is not the one that operators replace any more, or is not
    /// followed, because its thread hangs or has ended, or the process was forked. So the store has the last good ring.
    /// Only with the feature `watch`.
    RingFile(KeyError),
    /// The backend of revocations does not answer, so what was last known counts, unless that is too old to go by
    /// (`refuse_after`). Only with the feature `revocation`.
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
    /// Whether all is well: as [`is_healthy`](crate::SessionPlugin::is_healthy), with the reason. For alarms.
    ///
    /// A store that is not healthy may serve sessions all the same, and usually does: give a load balancer
    /// [`ready`](Self::ready), or a ring file with a mistake in it takes every server out of service.
    ///
    /// # Errors
    /// When the store is not [`ready`](Self::ready), the ring file that it follows cannot be used or is not followed,
    /// or the backend of revocations does not answer.
    ///
    /// ```
    /// use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// assert_eq!(store.health(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health(&self) -> Result<(), HealthError> {
        self.ready()?;
        #[cfg(feature = "watch")]
        if let Some(trouble) = self.0.first().followed.trouble() {
            return Err(HealthError::RingFile(KeyError::clone(&trouble)));
        }
        #[cfg(feature = "revocation")]
        if let Some(revocations) = &self.0.revocations
            && let Some(trouble) = revocations.trouble()
        {
            return Err(revocations_are_unknown(revocations, trouble.to_string()));
        }
        Ok(())
    }

    /// Whether sessions can be served: made, and opened. For readiness probes.
    ///
    /// # Errors
    /// When no key seals, the random generator fails, or all sessions are refused because the list of what was revoked
    /// is too old (`refuse_after`). What else [`health`](Self::health) tells of is no reason to take a server out of
    /// service.
    ///
    /// ```
    /// use sealed_session::{HealthError, KeyRing, RootSecret, SealedStore};
    ///
    /// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// assert_eq!(store.ready(), Ok(()));
    ///
    /// store.replace_ring(KeyRing::new(vec![])?)?;
    /// assert_eq!(store.ready(), Err(HealthError::NoSealingKey));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ready(&self) -> Result<(), HealthError> {
        let moment = self.moment();
        if moment.keys.sealing().is_none() {
            return Err(HealthError::NoSealingKey);
        }
        moment.fresh::<1>().map_err(|_| HealthError::NoRandomness)?;
        #[cfg(feature = "revocation")]
        if let Some(revocations) = &self.0.revocations
            && revocations.is_too_old()
        {
            let trouble = revocations.trouble().map(|trouble| trouble.to_string());
            let message = trouble.unwrap_or_else(|| "that is longer ago than refuse_after allows".to_owned());
            return Err(revocations_are_unknown(revocations, message));
        }
        Ok(())
    }
}

#[cfg(feature = "revocation")]
fn revocations_are_unknown(revocations: &Revocations, message: String) -> HealthError {
    HealthError::Revocations { message, age: revocations.age().unwrap_or_default() }
}
