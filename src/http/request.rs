//! A request, as far as its session goes: what its layer is set to, and what counts of its head.

use std::sync::Arc;

use http::HeaderValue;

use super::config::Config;
use super::cookie::CookiePolicy;
use super::few::Few;
use super::presented::Presented;
use crate::clock::Reading;
#[cfg(feature = "revocation")]
use crate::registry::Registry;
use crate::store::SealedStore;

/// A request, whether anybody looks at its session or not.
pub(super) struct RequestContext {
    pub(super) config: Arc<Config>,
    pub(super) head: Head,
    #[cfg(feature = "revocation")]
    pub(super) listed: Listed,
}

/// What counts of a request's head.
pub(super) struct Head {
    /// The headers `Cookie`; cloning one copies nothing.
    pub(super) cookies: Few<HeaderValue>,
    pub(super) associated_data: Vec<u8>,
    /// When it arrived. Its cookies are judged as of then, however late a handler looks.
    pub(super) arrived: Reading,
    /// Whether an unchanged session may be extended and re-sealed by this response.
    pub(super) may_renew: bool,
    /// Whether a browser that has a cookie did not send it.
    pub(super) held_back: bool,
    /// Whether its method is HEAD.
    pub(super) is_head: bool,
}

/// What lists of users have to do with a request.
#[cfg(feature = "revocation")]
#[derive(Default)]
pub(super) struct Listed {
    /// What a registry calls the session, should it begin with this request.
    pub(super) label: String,
    /// Unless the layer has but one scope.
    pub(super) scoped: Option<Scoped>,
}

/// What the layer has, for the users of one scope; and the store of what is bound to devices.
#[cfg(feature = "revocation")]
pub(super) struct Scoped {
    store: SealedStore,
    registry: Option<Registry>,
    #[cfg(feature = "dbsc")]
    bound: Option<SealedStore>,
}

#[cfg(feature = "revocation")]
impl Scoped {
    pub(super) fn new(config: &Config, bound: Option<&SealedStore>, name: &str) -> Self {
        #[cfg(not(feature = "dbsc"))]
        let _ = bound;
        Self {
            store: config.store.in_scope(name),
            registry: config.registry.as_ref().map(|registry| registry.in_scope(name)),
            #[cfg(feature = "dbsc")]
            bound: bound.map(|bound| bound.in_scope(name)),
        }
    }
}

impl RequestContext {
    /// What it brings under the session's name.
    pub(super) fn presented(&self) -> Presented<'_> {
        self.presented_as(&self.config.cookies)
    }

    pub(super) fn presented_as(&self, cookies: &CookiePolicy) -> Presented<'_> {
        cookies.presented(self.head.cookies.iter().map(HeaderValue::as_bytes))
    }

    /// The layer's store, for the users whom the request is about.
    pub(super) fn sealed_store(&self) -> &SealedStore {
        #[cfg(feature = "revocation")]
        if let Some(scoped) = &self.listed.scoped {
            return &scoped.store;
        }
        &self.config.store
    }

    /// The store of sessions that are bound to a device, likewise.
    #[cfg(feature = "dbsc")]
    pub(super) fn bound_store<'s>(&'s self, of_layer: &'s SealedStore) -> &'s SealedStore {
        #[cfg(feature = "revocation")]
        if let Some(bound) = self.listed.scoped.as_ref().and_then(|scoped| scoped.bound.as_ref()) {
            return bound;
        }
        of_layer
    }

    /// The registry, likewise.
    #[cfg(feature = "revocation")]
    pub(super) fn listed_in(&self) -> Option<&Registry> {
        match &self.listed.scoped {
            Some(scoped) => scoped.registry.as_ref(),
            None => self.config.registry.as_ref(),
        }
    }

    /// When its head arrived.
    pub(super) fn arrived(&self) -> Reading {
        self.head.arrived
    }

    /// What its session is bound to, of what the application told.
    pub(super) fn associated_data(&self) -> &[u8] {
        &self.head.associated_data
    }

    /// Whether a browser may have held back a second cookie of the session.
    pub(super) fn may_hold_back_second(&self) -> bool {
        self.head.held_back && self.config.cookies.second_name().is_some()
    }
}
