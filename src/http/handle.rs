//! [`Session`], as its layer sees it: the handle that all clones share, and how far its request has come. What handlers do
//! with it is in `session`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::carrier::{Carrier, Jar, Opened};
use super::config::Config;
use super::cookie::CookiePolicy;
use super::data::DataError;
use super::presented::Presented;
use super::request::RequestContext;
use super::state::State;
use super::telemetry;
#[cfg(feature = "revocation")]
use crate::registry::Registry;
use crate::store::SealedStore;
use crate::store::withdrawn::have_withdrawn;

/// The session of one request. A [`SessionLayer`](super::SessionLayer) puts one into each request's extensions,
/// and with the feature `axum` it is an argument of handlers. Clones are the same session.
///
/// The cookie is opened when the session is first looked at: a request that never looks pays nothing for it. It is
/// judged as of when the head of its request arrived. Changes are sealed once, when the response is there, before its
/// headers go.
///
/// Where a cookie came that must not be overwritten, what is stored holds for this request alone:
/// [`persistence`](Self::persistence) tells.
///
/// ```
/// use sealed_session::http::{DataError, Session};
///
/// fn add_to_cart(session: &Session, item: String) -> Result<usize, DataError> {
///     let mut cart: Vec<String> = session.get("cart")?.unwrap_or_default();
///     cart.push(item);
///     session.insert("cart", &cart)?;
///     Ok(cart.len())
/// }
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

/// What the clones of a session share.
struct Inner {
    request: RequestContext,
    carrier: Arc<dyn Carrier>,
    /// The session of a layer around this one, over another cookie.
    outer: Option<Session>,
    /// Locked for no longer than one call takes.
    progress: Mutex<Progress>,
}

/// How far a request has come.
#[derive(Default)]
pub(super) struct Progress {
    /// Since somebody has looked at the session.
    pub(super) opened: Option<Opened>,
    /// The response has its headers.
    pub(super) sent: bool,
}

impl Session {
    pub(super) fn new(request: RequestContext, carrier: Arc<dyn Carrier>, outer: Option<Self>) -> Self {
        Self(Arc::new(Inner { request, carrier, outer, progress: Mutex::default() }))
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        // A thread that panicked between two statements of ours left a state like any other.
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn request(&self) -> &RequestContext {
        &self.0.request
    }

    pub(super) fn carrier(&self) -> &dyn Carrier {
        &*self.0.carrier
    }

    pub(super) fn config(&self) -> &Config {
        &self.0.request.config
    }

    /// The store that knows how much a session may hold.
    pub(super) fn limits(&self) -> &SealedStore {
        self.carrier().bound_store().unwrap_or(&self.config().store)
    }

    pub(super) fn presented(&self) -> Presented<'_> {
        self.0.request.presented()
    }

    pub(super) fn presented_as(&self, cookies: &CookiePolicy) -> Presented<'_> {
        self.0.request.presented_as(cookies)
    }

    /// The tokens of sessions in the carrier's own cookie that the request brings.
    pub(super) fn bound_presented(&self) -> Option<Presented<'_>> {
        let [cookies, ..] = self.carrier().cookies();
        cookies.map(|cookies| self.presented_as(cookies))
    }

    #[cfg(feature = "revocation")]
    pub(super) fn label(&self) -> &str {
        &self.0.request.listed.label
    }

    /// The layer's store, for the users whom the request is about.
    #[cfg(feature = "revocation")]
    pub(super) fn sealed_store(&self) -> &SealedStore {
        self.0.request.sealed_store()
    }

    /// The registry, likewise.
    #[cfg(feature = "revocation")]
    pub(super) fn listed_in(&self) -> Option<&Registry> {
        self.0.request.listed_in()
    }

    pub(super) fn may_renew(&self) -> bool {
        self.0.request.head.may_renew
    }

    /// When the request's head arrived, in milliseconds since 1970.
    pub(super) fn head_ms(&self) -> u64 {
        self.0.request.arrived().wall_ms
    }

    /// Whether that is so long ago that another request may have changed the cookies since. Nobody sets that clock.
    pub(super) fn is_late(&self) -> bool {
        let Config { store, rules, .. } = self.config();
        store.ms_since(self.0.request.arrived()) >= rules.late_after_ms
    }

    pub(super) fn is_head(&self) -> bool {
        self.0.request.head.is_head
    }

    #[cfg(feature = "revocation")]
    pub(super) fn associated_data(&self) -> &[u8] {
        self.0.request.associated_data()
    }

    /// This session, or the one around it, that a layer over a cookie of this name has begun.
    pub(super) fn of_cookie(&self, name: &str) -> Option<&Self> {
        let mut at = Some(self);
        while let Some(session) = at.filter(|session| session.config().cookies.name() != name) {
            at = session.0.outer.as_ref();
        }
        at
    }

    /// When a session expires, as the answer to its request will have it.
    pub(super) fn expires_at_ms(&self, state: &State) -> Option<u64> {
        let rules = &self.config().rules;
        state.expires_at(self.jar(state).store, rules, self.may_renew(), self.head_ms())
    }

    /// Whether the key that a session came by has been revoked since, or taken out of the ring.
    pub(super) fn has_withdrawn_key(&self, state: &State, now_ms: u64) -> bool {
        let stores = || self.stores().into_iter().flatten();
        state.key_id().is_some_and(|key_id| have_withdrawn(stores(), key_id, now_ms))
    }

    /// The stores whose keys the layer's sessions are sealed by.
    pub(super) fn stores(&self) -> [Option<&SealedStore>; 2] {
        [Some(&self.config().store), self.carrier().bound_store()]
    }

    /// The session, opened if nobody has done so.
    pub(super) fn opened<'p>(&self, progress: &'p mut Progress) -> &'p mut Opened {
        progress.opened.get_or_insert_with(|| self.carrier().open(self.request()))
    }

    /// Where a session like this one is sealed.
    pub(super) fn jar(&self, state: &State) -> Jar<'_> {
        self.carrier().jar(state, self.request())
    }

    pub(super) fn look<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        with(&self.opened(&mut self.progress()).state)
    }

    pub(super) fn change<T>(
        &self,
        with: impl FnOnce(&mut State) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let mut progress = self.progress();
        if progress.sent {
            telemetry::changed_too_late();
            return Err(DataError::TooLate);
        }
        with(&mut self.opened(&mut progress).state)
    }
}
