//! [`Session`] as an argument of axum's handlers.

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::{DataError, Session};

/// The layer is missing from a router whose handler asks for a [`Session`].
///
/// ```
/// use axum::response::IntoResponse as _;
/// use sealed_session::http::NoSessionLayer;
///
/// assert_eq!(NoSessionLayer.into_response().status(), 500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSessionLayer;

impl std::fmt::Display for NoSessionLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handler asks for a Session, and no SessionLayer is around it: add one to the router")
    }
}

impl std::error::Error for NoSessionLayer {}

impl IntoResponse for NoSessionLayer {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = NoSessionLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoSessionLayer> {
        parts.extensions.get::<Self>().cloned().ok_or(NoSessionLayer)
    }
}

/// A 500, or a 503 where it may work in a moment. It tells the client nothing: what is wrong with a session is for the
/// log.
impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        crate::http::telemetry::data_unusable(&self);
        let status = match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, "the session could not be used").into_response()
    }
}
