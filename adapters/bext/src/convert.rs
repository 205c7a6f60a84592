//! The types of one side as those of the other.

use bext_plugin_api::session as bext;
use sealed_session::{CreateOptions, SessionError, SessionId, SessionRecord};

/// A type of sealed-session that bext has as well, or the other way round: the same field for field, so that nothing is
/// lost or changed.
///
/// ```
/// use bext_plugin_api::session as bext;
/// use sealed_session::SessionId;
/// use sealed_session_bext::Convert;
///
/// let theirs = bext::SessionId::new("a token");
/// let ours: SessionId = theirs.convert();
/// assert_eq!(format!("{ours:?}"), "SessionId([redacted])"); // for a log
/// assert_eq!(ours.convert().as_str(), "a token");
/// ```
pub trait Convert {
    /// The type of the same name on the other side.
    type Other;

    /// The same value on the other side.
    fn convert(self) -> Self::Other;
}

/// Both directions of a type, by a pattern that is an expression as well.
macro_rules! same {
    ($($name:ident $pattern:tt => $other:tt)+) => {$(
        impl Convert for bext::$name {
            type Other = $name;

            fn convert(self) -> $name {
                let Self $pattern = self;
                $name $other
            }
        }

        impl Convert for $name {
            type Other = bext::$name;

            fn convert(self) -> bext::$name {
                let Self $pattern = self;
                bext::$name $other
            }
        }
    )+};
}

same! {
    SessionId (text) => (text)
    SessionRecord { id, user_id, data_json, created_at_ms, expires_at_ms } =>
        { id: id.convert(), user_id, data_json, created_at_ms, expires_at_ms }
    CreateOptions { user_id, data_json, ttl_ms } => { user_id, data_json, ttl_ms }
}

impl Convert for bext::SessionError {
    type Other = SessionError;

    fn convert(self) -> SessionError {
        match self {
            Self::NotFound => SessionError::NotFound,
            Self::Invalid(message) => SessionError::Invalid(message),
            Self::Backend(message) => SessionError::Backend(message),
        }
    }
}

impl Convert for SessionError {
    type Other = bext::SessionError;

    fn convert(self) -> bext::SessionError {
        match self {
            Self::NotFound => bext::SessionError::NotFound,
            Self::Invalid(message) => bext::SessionError::Invalid(message),
            Self::Backend(message) => bext::SessionError::Backend(message),
        }
    }
}
