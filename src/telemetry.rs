//! What operators see of a store: events for `tracing`, counters for `metrics`. Without the features, nothing.
//!
//! No event and no label holds a token, a secret, a user or data. Key ids are public, and only those of the
//! ring are ever labels, so nobody can make up new ones.

#[cfg(feature = "watch")]
use crate::error::KeyError;
use crate::error::Reason;
use crate::key::KeyId;

/// A session was opened.
#[inline]
pub(crate) fn opened(key_id: KeyId, key_state: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_opens_total", "key_id" => key_id.to_string(), "state" => key_state)
        .increment(1);
    let _ = (key_id, key_state);
}

/// A token was refused.
#[inline]
pub(crate) fn refused(reason: Reason) {
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "sealed_session", reason = reason.as_str(), "token refused");
    #[cfg(feature = "metrics")]
    count_refusal(reason);
    let _ = reason;
}

/// With labels that were made beforehand: a refusal, which anybody can cause, allocates nothing.
#[cfg(feature = "metrics")]
fn count_refusal(reason: Reason) {
    use metrics::{Key, Label, Level, Metadata};

    macro_rules! key_of {
        ($($reason:ident)*) => {
            match reason {
                $(Reason::$reason => {
                    static LABELS: [Label; 1] = [Label::from_static_parts("reason", Reason::$reason.as_str())];
                    static KEY: Key = Key::from_static_parts("sealed_session_refusals_total", &LABELS);
                    &KEY
                })*
            }
        };
    }
    static METADATA: Metadata<'_> = Metadata::new("sealed_session", Level::INFO, None);
    let key: &'static Key = key_of!(
        Length Base64 Version UnknownKey KeyRevoked KeyGone Tag RecordTruncated RecordUserId RecordData Padding
        TimeOrder Future Expired Revoked RevocationsTooOld Unbound CsrfMismatch
    );
    metrics::with_recorder(|recorder| recorder.register_counter(key, &METADATA)).increment(1);
}

/// A session was sealed anew with nothing changed, by `reseal`.
#[inline]
pub(crate) fn resealed() {
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_reseals_total").increment(1);
}

/// A store has a new ring.
#[inline]
pub(crate) fn ring_replaced(roots: usize, sealing: Option<KeyId>) {
    #[cfg(feature = "tracing")]
    tracing::info!(
        target: "sealed_session",
        roots,
        sealing_key = sealing.map(tracing::field::display),
        "ring replaced"
    );
    let _ = (roots, sealing);
}

/// A ring file that is followed had a new ring.
#[cfg(feature = "watch")]
pub(crate) fn ring_reloaded() {
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_ring_reloads_total", "result" => "ok").increment(1);
}

/// A ring file that is followed cannot be used. Told once for every reason, not for every attempt.
#[cfg(feature = "watch")]
pub(crate) fn ring_failed(error: &KeyError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", %error, "ring file refused, the last good ring is kept");
    #[cfg(feature = "metrics")]
    metrics::counter!("sealed_session_ring_reloads_total", "result" => "failed").increment(1);
    let _ = error;
}

/// It can be used again.
#[cfg(feature = "watch")]
pub(crate) fn ring_recovered() {
    #[cfg(feature = "tracing")]
    tracing::info!(target: "sealed_session", "ring file is good again");
}

/// The system does not tell of changes of a ring file that is followed. Told once for every reason.
#[cfg(feature = "watch")]
pub(crate) fn ring_unnotified(reason: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", reason, "changes of the ring file are seen at the next poll only");
    let _ = reason;
}

/// A ring file that is followed is mounted by itself. Told once.
#[cfg(feature = "watch")]
pub(crate) fn ring_mounted_by_itself() {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: "sealed_session",
        "the ring file is mounted by itself, so one that takes its place will not be seen: mount its folder"
    );
}

/// The backend of revocations does not answer. Told once for every reason.
#[cfg(feature = "revocation")]
pub(crate) fn revocations_failed(error: &dyn std::fmt::Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", %error, "revocations cannot be followed, what was last known counts");
    let _ = error;
}

/// Nothing is heard of other servers before the next poll. Told once, until something is heard again.
#[cfg(feature = "revocation")]
pub(crate) fn not_listening(error: &dyn std::fmt::Display) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "sealed_session", %error, "the backend's listener fails, other servers are heard by polling");
    let _ = error;
}

/// It answers again.
#[cfg(feature = "revocation")]
pub(crate) fn revocations_recovered() {
    #[cfg(feature = "tracing")]
    tracing::info!(target: "sealed_session", "revocations are followed again");
}

/// The backend has too much to do to write down when sessions are used. Told now and then.
#[cfg(feature = "revocation")]
pub(crate) fn note_dropped(dropped: u64) {
    #[cfg(feature = "tracing")]
    if dropped.is_power_of_two() {
        tracing::warn!(target: "sealed_session", dropped, "the backend is too slow to write down when sessions are used");
    }
    let _ = dropped;
}
