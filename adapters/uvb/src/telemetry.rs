//! What operators see: events of the crate `tracing`, with the target of sealed-session. None holds a token or data.

/// A user has a row in the registry that some other program wrote, or somebody changed.
pub(crate) fn row_left_out() {
    tracing::warn!(target: "sealed_session", "a row of the registry that is no session of UVB is not listed");
}
