//! What operators see: events of the crate `tracing`, with the target of sealed-session. None holds a token or data.

/// A middleware around the sessions has had the framework read the cookies, and keep what it read.
pub(crate) fn cookies_read_before() {
    tracing::error!(
        target: "sealed_session",
        "another middleware has read the cookies before the sessions could: wrap the sessions last"
    );
}

/// The middleware of actix-session is used without ours around it. Told once.
pub(crate) fn stock_middleware() {
    static TOLD: std::sync::Once = std::sync::Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            target: "sealed_session",
            "the store is used without SealedSessionStore::middleware: cookies of decoded names count as the session's"
        );
    });
}
