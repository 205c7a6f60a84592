//! Whose users a layer's are: one scope's, or that of each request.

use std::sync::Arc;

use http::request::Parts;

use crate::error::ConfigError;

/// The scope of a request.
pub(super) type ScopeOf = Arc<dyn Fn(&Parts) -> String + Send + Sync>;

/// As it was set.
#[derive(Clone, Default)]
pub(super) enum UserScope {
    /// Not at all: the store's.
    #[default]
    Unstated,
    /// One for all requests.
    One(String),
    By(ScopeOf),
}

impl UserScope {
    /// The scope of a request, where each has its own.
    pub(super) fn of(&self, parts: &Parts) -> Option<String> {
        match self {
            Self::By(name) => Some(name(parts)),
            Self::Unstated | Self::One(_) => None,
        }
    }

    pub(super) fn is_by_request(&self) -> bool {
        matches!(self, Self::By(_))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unstated, Self::Unstated) => true,
            (Self::One(one), Self::One(other)) => one == other,
            (Self::By(one), Self::By(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Where sessions are bound to something, perhaps to a tenant, whoever sets up the layer says whose users they are.
    pub(super) fn check(&self, is_bound: bool, knows_revocations: bool) -> Result<(), ConfigError> {
        if !is_bound || !knows_revocations || !matches!(self, Self::Unstated) {
            return Ok(());
        }
        Err(ConfigError(
            "sessions are bound by bind_to, and it is not said whose users they are: user 1 of one tenant would log out \
             user 1 of another. Say it by scope_by, or by scope(\"\") if all users are the application's"
                .into(),
        ))
    }
}
