//! What operators see of devices that prove themselves.

use crate::error::SealError;

/// A registration or a refresh was refused.
pub(crate) fn refused(reason: &'static str, transient: bool) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "sealed_session", reason, transient, "device's proof refused");
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_dbsc_refused_total", "reason" => reason).increment(1);
    let _ = (reason, transient);
}

/// What a device should get, a challenge or a proof, could not be sealed.
pub(crate) fn not_sealed(error: &SealError) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", %error, "nothing could be sealed for a device");
    let _ = error;
}

/// A header for a device could not be written.
pub(crate) fn not_offered(error: &dyn std::error::Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: "sealed_session", error = %error, "a device was not asked to register");
    let _ = error;
}

/// A request brings a bound session without a proof that is valid.
pub(crate) fn unproven() {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "sealed_session", "a session that is bound to a device came without a proof of it");
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_dbsc_unproven_total").increment(1);
}

/// A session has moved to its device, and copies of its ordinary cookie may live on until its next request.
#[cfg(feature = "revocation")]
pub(crate) fn not_ended(error: &dyn std::error::Error) {
    #[cfg(feature = "tracing")]
    tracing::error!(
        target: "sealed_session",
        %error,
        "the ordinary cookie of a session that is bound to a device by now was not revoked; its next request tries again"
    );
    let _ = error;
}

/// A request changed a session while another of its browser moved it to the device.
pub(crate) fn changed_after_moving() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "sealed_session",
        "a session was changed while it was being bound to a device; the change is lost"
    );
}

/// Settings that work, but not well.
pub(crate) fn unwise(warning: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", "{warning}");
    let _ = warning;
}
