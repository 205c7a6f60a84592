//! What a [`Session`] is made of, and how the layer goes about it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use smallvec::SmallVec;

use super::Session;
use crate::http::config::Config;
use crate::http::cookie::CookiePolicy;
use crate::http::data::DataError;
use crate::http::presented::Presented;
use crate::http::state::State;
use crate::http::telemetry;
#[cfg(feature = "revocation")]
use crate::revocation::Registry;
use crate::store::SealedStore;

/// What the clones of a session share.
pub(super) struct Inner {
    config: Arc<Config>,
    head: Head,
    /// The session of a layer around this one, over another cookie.
    outer: Option<Session>,
    #[cfg(feature = "revocation")]
    listed: Listed,
    /// Locked for no longer than one call takes.
    progress: Mutex<Progress>,
}

/// What lists of users have to do with a request.
#[cfg(feature = "revocation")]
#[derive(Default)]
pub(in crate::http) struct Listed {
    /// What a registry calls the session, should it begin with this request.
    pub(in crate::http) label: String,
    /// Unless the layer has but one scope.
    pub(in crate::http) scoped: Option<Scoped>,
}

/// What the layer has, for the users of one scope.
#[cfg(feature = "revocation")]
pub(in crate::http) struct Scoped {
    store: SealedStore,
    registry: Option<Registry>,
    #[cfg(feature = "dbsc")]
    bound: Option<SealedStore>,
}

#[cfg(feature = "revocation")]
impl Scoped {
    pub(in crate::http) fn new(config: &Config, name: &str) -> Self {
        Self {
            store: config.store.in_scope(name),
            registry: config.registry.as_ref().map(|registry| registry.in_scope(name)),
            #[cfg(feature = "dbsc")]
            bound: config.device.as_ref().map(|device| device.bound_store().in_scope(name)),
        }
    }
}

/// What counts of a request's head.
pub(in crate::http) struct Head {
    /// The headers `Cookie`; cloning one copies nothing.
    pub(in crate::http) cookies: SmallVec<[HeaderValue; 1]>,
    pub(in crate::http) associated_data: Vec<u8>,
    /// When it arrived. Its cookies are judged as of then, however late a handler looks.
    pub(in crate::http) head_ms: u64,
    /// Whether an unchanged session may be extended and re-sealed by this response.
    pub(in crate::http) may_renew: bool,
    /// Whether a browser that has a cookie did not send it.
    pub(in crate::http) held_back: bool,
    /// Whether its method is HEAD.
    pub(in crate::http) is_head: bool,
}

/// How far a request has come.
#[derive(Default)]
pub(in crate::http) struct Progress {
    /// Since somebody has looked at the session.
    pub(in crate::http) opened: Option<Opened>,
    /// The response has its headers.
    pub(in crate::http) sent: bool,
}

/// The session, once the cookies have been read.
pub(in crate::http) struct Opened {
    pub(in crate::http) state: State,
    /// Which of the presented tokens it came in.
    pub(in crate::http) at: usize,
    /// Whether the browser has a second cookie of it, or may have held one back.
    pub(in crate::http) has_second: bool,
    /// What else the request brings of sessions that are bound to a device.
    #[cfg(feature = "dbsc")]
    pub(in crate::http) brought: crate::http::device::Brought,
}

impl Opened {
    /// Whether the request has a second cookie of the session that the response sets or removes.
    pub(in crate::http) fn has_second_of_jar(&self) -> bool {
        #[cfg(feature = "dbsc")]
        if self.state.device.binding().is_some() {
            return self.brought.has_second_of(&self.state.device);
        }
        self.has_second
    }
}

/// Where a session is sealed: what it takes to make its cookie.
pub(in crate::http) struct Jar<'s> {
    pub(in crate::http) store: &'s SealedStore,
    pub(in crate::http) cookies: &'s CookiePolicy,
    pub(in crate::http) associated_data: Cow<'s, [u8]>,
}

impl Session {
    pub(in crate::http) fn new(
        config: Arc<Config>,
        head: Head,
        outer: Option<Self>,
        #[cfg(feature = "revocation")] listed: Listed,
    ) -> Self {
        Self(Arc::new(Inner {
            config,
            head,
            outer,
            #[cfg(feature = "revocation")]
            listed,
            progress: Mutex::default(),
        }))
    }

    pub(in crate::http) fn progress(&self) -> MutexGuard<'_, Progress> {
        // A thread that panicked between two statements of ours left a state like any other.
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::http) fn presented(&self) -> Presented<'_> {
        self.presented_as(&self.0.config.cookies)
    }

    pub(in crate::http) fn presented_as(&self, cookies: &CookiePolicy) -> Presented<'_> {
        cookies.presented(self.0.head.cookies.iter().map(HeaderValue::as_bytes))
    }

    pub(in crate::http) fn config(&self) -> &Config {
        &self.0.config
    }

    #[cfg(feature = "revocation")]
    pub(in crate::http) fn label(&self) -> &str {
        &self.0.listed.label
    }

    /// The layer's store, for the users whom the request is about.
    pub(in crate::http) fn sealed_store(&self) -> &SealedStore {
        #[cfg(feature = "revocation")]
        if let Some(scoped) = &self.0.listed.scoped {
            return &scoped.store;
        }
        &self.0.config.store
    }

    /// The store of sessions that are bound to a device, likewise.
    #[cfg(feature = "dbsc")]
    pub(in crate::http) fn bound_store<'s>(
        &'s self,
        device: &'s crate::http::device::Device,
    ) -> &'s SealedStore {
        #[cfg(feature = "revocation")]
        if let Some(bound) = self.0.listed.scoped.as_ref().and_then(|scoped| scoped.bound.as_ref()) {
            return bound;
        }
        device.bound_store()
    }

    /// The registry, likewise.
    #[cfg(feature = "revocation")]
    pub(in crate::http) fn listed_in(&self) -> Option<&Registry> {
        match &self.0.listed.scoped {
            Some(scoped) => scoped.registry.as_ref(),
            None => self.0.config.registry.as_ref(),
        }
    }

    pub(in crate::http) fn may_renew(&self) -> bool {
        self.0.head.may_renew
    }

    /// When the request's head arrived.
    pub(in crate::http) fn head_ms(&self) -> u64 {
        self.0.head.head_ms
    }

    #[cfg(feature = "dbsc")]
    pub(in crate::http) fn is_held_back(&self) -> bool {
        self.0.head.held_back
    }

    /// Whether a browser may have held back a second cookie of the session.
    pub(in crate::http) fn may_hold_back_second(&self) -> bool {
        self.0.head.held_back && self.0.config.cookies.second_name().is_some()
    }

    pub(in crate::http) fn is_head(&self) -> bool {
        self.0.head.is_head
    }

    #[cfg(any(feature = "revocation", feature = "dbsc"))]
    pub(in crate::http) fn associated_data(&self) -> &[u8] {
        &self.0.head.associated_data
    }

    /// This session, or the one around it, that a layer over a cookie of this name has begun.
    pub(in crate::http) fn of_cookie(&self, name: &str) -> Option<&Self> {
        let mut at = Some(self);
        while let Some(session) = at.filter(|session| session.config().cookies.name() != name) {
            at = session.0.outer.as_ref();
        }
        at
    }

    /// When a session expires, as the answer to its request will have it.
    pub(in crate::http) fn expires_at_ms(&self, state: &State) -> Option<u64> {
        let rules = &self.config().rules;
        state.expires_at(self.jar(state).store, rules, self.may_renew(), self.head_ms())
    }

    /// The session, opened if nobody has done so.
    pub(in crate::http) fn opened<'p>(&self, progress: &'p mut Progress) -> &'p mut Opened {
        progress.opened.get_or_insert_with(|| {
            #[cfg(feature = "dbsc")]
            if let Some(device) = &self.0.config.device {
                return device.open(self);
            }
            let presented = self.presented();
            let Head { head_ms, associated_data, held_back, .. } = &self.0.head;
            let open = |token: &[u8]| self.sealed_store().open_parts(*head_ms, token, associated_data);
            let (found, at) = presented.choose(open, |parts| (parts.uid, parts.times.renewed));
            Opened {
                state: State::new(found, *held_back),
                at,
                has_second: presented.has_second() || self.may_hold_back_second(),
                #[cfg(feature = "dbsc")]
                brought: crate::http::device::Brought::default(),
            }
        })
    }

    /// Where a session like this one is sealed.
    pub(in crate::http) fn jar(&self, state: &State) -> Jar<'_> {
        let Inner { config, head: Head { associated_data, .. }, .. } = &*self.0;
        #[cfg(feature = "dbsc")]
        if let Some(jar) = config.device.as_ref().and_then(|device| device.jar(&state.device, self)) {
            return jar;
        }
        let _ = state;
        Jar {
            store: self.sealed_store(),
            cookies: &config.cookies,
            associated_data: Cow::Borrowed(associated_data),
        }
    }

    pub(in crate::http) fn look<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        with(&self.opened(&mut self.progress()).state)
    }

    pub(in crate::http) fn change<T>(
        &self,
        with: impl FnOnce(&Config, &mut State) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let mut progress = self.progress();
        if progress.sent {
            telemetry::changed_too_late();
            return Err(DataError::TooLate);
        }
        with(&self.0.config, &mut self.opened(&mut progress).state)
    }
}
