//! What a layer is set up with, as its requests need it.

use std::sync::Arc;

use http::request;

use super::cookie::CookiePolicy;
use super::settings::Rules;
#[cfg(feature = "revocation")]
use super::user_scope::UserScope;
use crate::store::SealedStore;

pub(super) struct Config {
    pub(super) store: SealedStore,
    pub(super) cookies: CookiePolicy,
    pub(super) rules: Rules,
    pub(super) bind: Option<Bind>,
    #[cfg(feature = "revocation")]
    pub(super) registry: Option<crate::registry::Registry>,
    #[cfg(feature = "revocation")]
    pub(super) label: Option<Label>,
    #[cfg(feature = "revocation")]
    pub(super) scope: UserScope,
}

/// What of a request its session is bound to.
pub(super) type Bind = Arc<dyn Fn(&request::Parts) -> Vec<u8> + Send + Sync>;

/// What a registry calls a session that begins with a request.
#[cfg(feature = "revocation")]
pub(super) type Label = Arc<dyn Fn(&request::Parts) -> String + Send + Sync>;

impl Config {
    /// Whether anything is to be read off a request's head besides its cookies.
    pub(super) fn asks_for_parts(&self) -> bool {
        #[cfg(feature = "revocation")]
        if (self.label.is_some() && self.registry.is_some()) || self.scope.is_by_request() {
            return true;
        }
        self.bind.is_some()
    }

    /// Whether two layers do the same to a request.
    pub(super) fn is_same(&self, other: &Arc<Self>) -> bool {
        std::ptr::eq(self, Arc::as_ptr(other))
            || (self.store.is_same(&other.store)
                && self.cookies == other.cookies
                && self.rules == other.rules
                && is_one(self.bind.as_ref(), other.bind.as_ref())
                && self.has_same_lists(other))
    }

    fn has_same_lists(&self, other: &Self) -> bool {
        #[cfg(feature = "revocation")]
        return is_one(self.label.as_ref(), other.label.as_ref())
            && self.store.scope_name() == other.store.scope_name()
            && self.scope.is_same(&other.scope)
            && match (&self.registry, &other.registry) {
                (Some(one), Some(other)) => one.is_same(other),
                (one, other) => one.is_none() && other.is_none(),
            };
        #[cfg(not(feature = "revocation"))]
        {
            let _ = other;
            true
        }
    }
}

/// Whether they are one thing, or none.
fn is_one<T: ?Sized>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other)),
        (one, other) => one.is_none() && other.is_none(),
    }
}
