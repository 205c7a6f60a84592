//! The steps of the protocol: offering, registering, refreshing, and opening a proof.

use super::error::{DbscError, DbscReason};
use super::es256::Point;
use super::texts::{self, Purpose};
use super::{Binding, DeviceBinding, Proven, Refresh, Registration, jwt, unquoted};
use crate::clock::Reading;
use crate::error::{OpenError, Reason, SealError};
use crate::record::Record;
#[cfg(feature = "revocation")]
use crate::revocation::Pending;
use crate::session::SessionId;
use crate::uid::SessionUid;

/// A device as its identifier tells of it.
struct Device {
    key: Point,
    uid: SessionUid,
    user_id: Option<String>,
    registered_at_ms: u64,
}

/// Why a challenge does not count.
enum Unfit {
    Unopened(OpenError),
    Other(DbscReason),
}

impl DeviceBinding {
    /// A challenge for a browser that is to register its key, by the session with this uid, which has just logged in.
    ///
    /// # Errors
    /// [`SealError::NoSealingKey`] and [`SealError::NoRandomness`].
    pub fn offer(&self, login: SessionUid) -> Result<String, SealError> {
        self.challenge(&Purpose::Register(login), self.lives.registration)
    }

    /// Registers a device: its proof that it has the key that it brings, made for the session with this uid. Right after
    /// all sessions of its user were revoked it waits for the backend of revocations, as a login does.
    ///
    /// # Errors
    /// [`DbscError`]; the session that has logged in is none the worse for it.
    pub fn register(
        &self,
        proof: &str,
        login: SessionUid,
        user_id: Option<&str>,
    ) -> Result<Registration, DbscError> {
        #[cfg(feature = "revocation")]
        let before_ms = self.identifiers.now_ms();
        let registration = self.register_at_once(proof, login, user_id)?;
        #[cfg(feature = "revocation")]
        if let Some(begun) = user_id.and_then(|user_id| self.begin(user_id, registration.uid, before_ms)) {
            begun.wait().map_err(|error| SealError::NotRevoked { message: error.to_string() })?;
        }
        Ok(registration)
    }

    /// What was revoked of a user by now does not speak of a device that registers now; nothing if it does not anyway.
    #[cfg(feature = "revocation")]
    pub(crate) fn begin(&self, user_id: &str, uid: SessionUid, registered_at_ms: u64) -> Option<Pending<()>> {
        // As its identifier is dated.
        let created_at_ms = self.identifiers.begin(registered_at_ms, 0).ok()?.created;
        let who = self.identifiers.who(Some(user_id), uid, created_at_ms);
        self.identifiers.revocations()?.revoked_since(&who)?;
        self.identifiers.begin_user(user_id, uid, created_at_ms)
    }

    /// As [`register`](Self::register), without [`begin`](Self::begin).
    pub(crate) fn register_at_once(
        &self,
        proof: &str,
        login: SessionUid,
        user_id: Option<&str>,
    ) -> Result<Registration, DbscError> {
        let (key, challenge) = jwt::registration(unquoted(proof)).map_err(DbscError::ends)?;
        self.check(&challenge, &Purpose::Register(login))?;
        let uid = self.bound.fresh_uid()?;
        let data = texts::of_key(&key);
        let (identifier, identifier_expires_at_ms) =
            self.identifiers.seal_now(Some(uid), user_id, 0, &data)?;
        let binding = Binding::of(identifier.as_str());
        let (proof, proof_expires_at_ms, challenge) = self.prove(&binding)?;
        let identifier = identifier.0;
        Ok(Registration {
            identifier,
            identifier_expires_at_ms,
            binding,
            uid,
            proof,
            proof_expires_at_ms,
            challenge,
        })
    }

    /// A refresh of the device with this identifier. Without a proof, and with one of a challenge that is over, the
    /// answer is a challenge.
    ///
    /// # Errors
    /// [`DbscError`], which ends the session unless it is [transient](DbscError::is_transient).
    pub fn refresh(&self, identifier: &str, proof: Option<&str>) -> Result<Refresh, DbscError> {
        let identifier = unquoted(identifier);
        let device = self.identifiers.open_record(identifier, Device::read);
        let device = device.map_err(DbscError::of_identifier)?;
        let binding = Binding::of(identifier);
        let Some(proof) = proof else {
            return self.ask(&binding);
        };
        let challenge = jwt::refresh(unquoted(proof), &device.key).map_err(DbscError::ends)?;
        match self.check(&challenge, &Purpose::Refresh(binding)) {
            Ok(()) => self.proven(device, binding),
            Err(unfit) if unfit.was_fit_once() => self.ask(&binding),
            Err(unfit) => Err(unfit.into()),
        }
    }

    /// The device that a proof is of: for every request of a bound session, which opens only with it.
    ///
    /// # Errors
    /// [`OpenError`], as of any token; a proof that is over is no session's end, the browser brings another.
    pub fn open_proof(&self, proof: &str) -> Result<Binding, OpenError> {
        self.open_proof_at(self.proofs.reading(), proof)
    }

    /// Likewise, as of when the head of its request arrived.
    pub(crate) fn open_proof_at(&self, at: Reading, proof: &str) -> Result<Binding, OpenError> {
        let read = |record: &Record<'_>| texts::proof(record.data).ok_or(Reason::RecordData);
        self.proofs.open_record_at(at, proof, read)
    }

    /// Whether a challenge is one of ours, made for this, and not over.
    fn check(&self, challenge: &str, purpose: &Purpose) -> Result<(), Unfit> {
        let read = |record: &Record<'_>| Purpose::read(record.data).ok_or(Reason::RecordData);
        match self.challenges.open_record(challenge, read).map_err(Unfit::Unopened)? {
            made if made == *purpose => Ok(()),
            made if made.is_same_kind(purpose) => Err(Unfit::Other(DbscReason::ChallengeOfAnother)),
            _ => Err(Unfit::Other(DbscReason::ChallengeKind)),
        }
    }

    fn ask(&self, binding: &Binding) -> Result<Refresh, DbscError> {
        Ok(Refresh::Challenge(self.challenge(&Purpose::Refresh(*binding), 0)?))
    }

    fn proven(&self, device: Device, binding: Binding) -> Result<Refresh, DbscError> {
        let (proof, proof_expires_at_ms, challenge) = self.prove(&binding)?;
        let Device { uid, user_id, registered_at_ms, .. } = device;
        Ok(Refresh::Proven(Proven {
            binding,
            uid,
            user_id,
            registered_at_ms,
            proof,
            proof_expires_at_ms,
            challenge,
        }))
    }

    /// A new proof, when it is over, and the challenge for the next one.
    fn prove(&self, binding: &Binding) -> Result<(SessionId, u64, String), SealError> {
        let (proof, expires_at_ms) = self.proofs.seal_now(None, None, 0, &texts::of_proof(binding))?;
        Ok((proof, expires_at_ms, self.challenge(&Purpose::Refresh(*binding), 0)?))
    }

    /// A TTL of 0 is the one for refreshes.
    fn challenge(&self, purpose: &Purpose, ttl_ms: u64) -> Result<String, SealError> {
        self.challenges.seal_now(None, None, ttl_ms, &purpose.text()).map(|(challenge, _)| challenge.0)
    }
}

impl Device {
    fn read(record: &Record<'_>) -> Result<Self, Reason> {
        Ok(Self {
            key: texts::key(record.data).ok_or(Reason::RecordData)?,
            uid: record.uid,
            user_id: record.user_id.map(str::to_owned),
            registered_at_ms: record.times.created,
        })
    }
}

impl Unfit {
    /// Whether the device may sign another one instead: this one expired, or the key that sealed it has gone.
    fn was_fit_once(&self) -> bool {
        match self {
            Self::Unopened(error) => {
                matches!(error.reason(), Reason::Expired | Reason::KeyRevoked | Reason::KeyGone)
            }
            Self::Other(_) => false,
        }
    }
}

impl From<Unfit> for DbscError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Unopened(error) => Self::of_challenge(error),
            Unfit::Other(reason) => Self::ends(reason),
        }
    }
}
