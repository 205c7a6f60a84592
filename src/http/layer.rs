//! [`SessionLayer`]: sessions for any tower service of `http` requests.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request;
use tower_layer::Layer;

use super::carrier::Plain;
#[cfg(feature = "revocation")]
use super::config::Label;
use super::config::{Bind, Config};
use super::cookie::{CookiePolicy, CookiePolicyBuilder};
use super::service::{SessionService, Setup};
use super::settings::{Creation, Renewal, Rules};
use super::telemetry;
#[cfg(feature = "revocation")]
use super::user_scope::UserScope;
use crate::clock::millis;
use crate::error::ConfigError;
use crate::policy::ResealPolicy;
use crate::store::SealedStore;

/// Bytes that most user ids fit in.
const DEFAULT_USER_ID_ROOM: usize = 64;

/// Gives every request a [`Session`](super::Session) in its extensions, and sends what becomes of it.
///
/// - An untouched session sends no cookie. A changed one always does, an unchanged one when its life is extended
///   ([`Renewal`]) or a newer key seals ([`ResealPolicy`]).
/// - A refused or expired cookie gives an empty session, and is removed. It is left in place instead, and nothing but
///   a login or a logout overwrites it, where it may be good for another server, in a moment, or for another request
///   ([`LeftInPlace`](super::LeftInPlace), [`Session::persistence`](super::Session::persistence)). It never gives an
///   error page.
/// - What no handler asked for (a renewal, a removal) is not sent where a shared cache may store the response, nor so
///   late that another request may have brought the client a cookie meanwhile
///   ([`late_after`](SessionLayerBuilder::late_after)).
/// - A response with a cookie is kept out of shared caches: it has `Cache-Control: no-store` if the handler said nothing
///   of caches, `private` besides if they had to ask anyway, and `private, no-store` instead of what let them reuse it.
///   Every look at the session adds `Vary: Cookie`.
/// - A response with a server error (5xx) or a time-out (408), whose handler may have been cut off, carries no change and
///   no login (unless [so set](SessionLayerBuilder::save_on_server_error)), but does carry the end of a session. So does a
///   handler that is dropped: what it logged out is revoked.
/// - A session that the handler changed and that cannot be sealed (no sealing key, no randomness) makes the
///   response a 500 with an empty body. A logout counts all the same.
/// - Of several layers over one cookie, around each other, the outermost decides and the others add nothing. They have to
///   be clones of one layer, or built alike over one store; otherwise requests are answered with 500.
/// - Answers of the layer's own say why in the header `sealed-session-refused`: `not_recorded` (what a logout or a login
///   had to record could not be, or not all of it), `layers_differ`, `bind_to` (a request without what binds its session),
///   `insecure_for_local_development`.
///
/// The cookie is decided when the response's headers are there; its body may stream for as long as it likes.
///
/// ```
/// use sealed_session::http::SessionLayer;
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let layer = SessionLayer::new(store)?;
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SessionLayer(pub(super) Arc<Config>);

impl SessionLayer {
    /// A layer with the default settings.
    ///
    /// # Errors
    /// As [`SessionLayerBuilder::build`].
    pub fn new(store: SealedStore) -> Result<Self, ConfigError> {
        Self::builder(store).build()
    }

    /// Starts building a layer over a store.
    pub fn builder(store: SealedStore) -> SessionLayerBuilder {
        let cookies = CookiePolicy::builder(store.cookie_name());
        SessionLayerBuilder {
            store,
            cookies,
            rules: Rules::default(),
            user_id_room: None,
            bind: None,
            #[cfg(feature = "revocation")]
            registry: None,
            #[cfg(feature = "revocation")]
            label: None,
            #[cfg(feature = "revocation")]
            scope: UserScope::default(),
        }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, Setup { config: Arc::clone(&self.0), carrier: Arc::new(Plain) })
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("store", &self.0.store)
            .field("cookies", &self.0.cookies)
            .field("rules", &self.0.rules)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`SessionLayer`]; each has a safe default.
///
/// ```
/// use sealed_session::http::{Creation, Renewal, SameSite, SessionLayer};
/// use sealed_session::{KeyRing, ResealPolicy, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let layer = SessionLayer::builder(store)
///     .cookie(|cookie| cookie.same_site(SameSite::Strict))
///     .renewal(Renewal::default().below_percent(50))
///     .reseal(ResealPolicy::PastPercent(10))
///     .creation(Creation::Always)
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct SessionLayerBuilder {
    store: SealedStore,
    cookies: CookiePolicyBuilder,
    rules: Rules,
    user_id_room: Option<usize>,
    bind: Option<Bind>,
    #[cfg(feature = "revocation")]
    registry: Option<crate::registry::Registry>,
    #[cfg(feature = "revocation")]
    label: Option<Label>,
    #[cfg(feature = "revocation")]
    scope: UserScope,
}

impl SessionLayerBuilder {
    /// Sets the cookie's attributes. Its name is the store's.
    pub fn cookie(mut self, set: impl FnOnce(CookiePolicyBuilder) -> CookiePolicyBuilder) -> Self {
        self.cookies = set(self.cookies);
        self
    }

    /// When the life of a session that is used is extended. Default: when less than 80 % of its TTL are left.
    pub fn renewal(mut self, renewal: Renewal) -> Self {
        self.rules.renewal = renewal;
        self
    }

    /// When a session under an older key is sealed anew. Default: at its next use.
    pub fn reseal(mut self, policy: ResealPolicy) -> Self {
        self.rules.reseal = policy;
        self
    }

    /// When a client without a session gets one. Default: when something is stored in it.
    pub fn creation(mut self, creation: Creation) -> Self {
        self.rules.creation = creation;
        self
    }

    /// After how long a request nothing is sent any more that no handler asked for: no removal of a cookie that is
    /// over, and, where it is not known what was revoked meanwhile, no renewal. Another tab may have logged in or out
    /// meanwhile, and a long poll must not undo it. Default 60 s.
    pub fn late_after(mut self, time: Duration) -> Self {
        self.rules.late_after_ms = millis(time);
        self
    }

    /// How many bytes the data of an anonymous session leave free for the id of a user who logs in with them. Default
    /// 64, or half of what there is room for.
    pub fn user_id_room(mut self, bytes: usize) -> Self {
        self.user_id_room = Some(bytes);
        self
    }

    /// Sends changes of the session, logins among them, with server errors (5xx) and time-outs (408) too. Default no: a
    /// handler that was cut off by a time-out may have logged somebody in before its last check of them.
    pub fn save_on_server_error(mut self, save: bool) -> Self {
        self.rules.save_on_server_error = save;
        self
    }

    /// Opens every request's session when its response is there, even if no handler looked at it, so that every
    /// request counts as use. Default no.
    pub fn open_unread(mut self, open: bool) -> Self {
        self.rules.open_unread = open;
        self
    }

    /// Binds sessions to something of the request: associated data, authenticated and not sent. A session opens
    /// only with a request for which the same bytes come out; join several pieces with
    /// [`join_associated_data`](crate::join_associated_data). A request for which no bytes come out is answered with
    /// 400, because all such requests would share their sessions. Joined pieces are never empty: return no bytes where
    /// the one that tells tenants apart is missing.
    ///
    /// For example, tenants by the host that is asked for, over HTTP/1.1 and HTTP/2 alike:
    ///
    /// ```
    /// use http::request::Parts;
    /// use sealed_session::http::{SessionLayer, host};
    /// # use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// fn tenant(request: &Parts) -> Vec<u8> {
    ///     host(request).map(String::into_bytes).unwrap_or_default()
    /// }
    /// # let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
    /// let layer = SessionLayer::builder(store).bind_to(tenant).build()?;
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind_to(mut self, bytes: impl Fn(&request::Parts) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.bind = Some(Arc::new(bytes));
        self
    }

    /// Writes users' sessions down in a registry, which lists and ends them. Its store is the layer's.
    #[cfg(feature = "revocation")]
    pub fn registry(mut self, registry: crate::registry::Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// The [scope](SealedStore::in_scope) of all users: whom they are revoked and listed with. To be said where sessions
    /// are bound by [`bind_to`](Self::bind_to) and the store has revocations; `""` if the users are the application's,
    /// whatever their sessions are bound to. Default the store's.
    #[cfg(feature = "revocation")]
    pub fn scope(mut self, name: impl Into<String>) -> Self {
        self.scope = UserScope::One(name.into());
        self
    }

    /// The [scope](SealedStore::in_scope) of a request's users, such as its tenant: user `1` of one is not user `1` of
    /// another, in what is revoked and in the registry. A request for which no name comes out is answered with 400.
    ///
    /// ```
    /// use http::request::Parts;
    /// use sealed_session::http::{SessionLayer, host};
    /// # use sealed_session::revocation::Revocations;
    /// # use sealed_session::{KeyRing, RootSecret, SealedStore};
    ///
    /// fn tenant(request: &Parts) -> String {
    ///     host(request).unwrap_or_default()
    /// }
    /// # let ring = KeyRing::single(RootSecret::generate()?);
    /// # let store = SealedStore::builder(ring).revocations(Revocations::in_memory()).build()?;
    /// let layer = SessionLayer::builder(store)
    ///     .bind_to(|request| tenant(request).into_bytes())
    ///     .scope_by(tenant)
    ///     .build()?;
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "revocation")]
    pub fn scope_by(mut self, name: impl Fn(&request::Parts) -> String + Send + Sync + 'static) -> Self {
        self.scope = UserScope::By(Arc::new(name));
        self
    }

    /// What the registry calls a session that begins with a request, for example the browser by its `User-Agent`.
    /// It is text from the client: shown to its user, and never a reason to trust the session. Default nothing.
    #[cfg(feature = "revocation")]
    pub fn label(mut self, label: impl Fn(&request::Parts) -> String + Send + Sync + 'static) -> Self {
        self.label = Some(Arc::new(label));
        self
    }

    /// Builds the layer.
    ///
    /// # Errors
    /// As [`CookiePolicyBuilder::build`]; when the store makes tokens that its cookie has no room for, or none that
    /// needs the second cookie that was asked for; for a renewal that no session lives to see; for a registry of another
    /// store; and for sessions that are bound to something while it is not said whose users they are.
    pub fn build(self) -> Result<SessionLayer, ConfigError> {
        let user_id_room = self.room_for_user_ids()?;
        self.rules.renewal.check(self.store.longest_ms())?;
        let cookies = self.cookies.build()?;
        let (made, room) = (self.store.max_token_chars(), cookies.max_token_chars());
        if made > room {
            return Err(ConfigError(format!(
                "the store makes tokens of up to {made} characters, and the cookie has room for {room}: build \
                 the store with .max_token_chars({room})"
            )));
        }
        if let Some(fits) = cookies.fits_one().filter(|fits| made <= *fits) {
            return Err(ConfigError(format!(
                "the store's tokens have at most {made} characters and fit one cookie: build it with \
                 .max_token_chars({}), or with .max_token_chars({}) while there are servers that cannot read two \
                 cookies, or do without .chunked(true)",
                room.min(crate::token::MAX_CHARS),
                fits + 1
            )));
        }
        #[cfg(feature = "revocation")]
        if self.registry.as_ref().is_some_and(|registry| !registry.is_of(&self.store)) {
            return Err(ConfigError(
                "the registry is of another store than the layer: build it over this one".into(),
            ));
        }
        #[cfg(feature = "revocation")]
        self.scope.check(self.bind.is_some(), self.store.revocations().is_some())?;
        if cookies.is_for_local_development() {
            telemetry::built_for_development();
        }
        #[cfg(feature = "revocation")]
        let (store, registry) = match &self.scope {
            UserScope::One(name) => {
                (self.store.in_scope(name), self.registry.map(|registry| registry.in_scope(name)))
            }
            _ => (self.store, self.registry),
        };
        #[cfg(not(feature = "revocation"))]
        let store = self.store;
        Ok(SessionLayer(Arc::new(Config {
            store,
            cookies,
            rules: Rules { user_id_room, ..self.rules },
            bind: self.bind,
            #[cfg(feature = "revocation")]
            registry,
            #[cfg(feature = "revocation")]
            label: self.label,
            #[cfg(feature = "revocation")]
            scope: self.scope,
        })))
    }
}

impl SessionLayerBuilder {
    fn room_for_user_ids(&self) -> Result<usize, ConfigError> {
        let all = self.store.remaining(None, "{}").unwrap_or_default();
        match self.user_id_room {
            None => Ok(DEFAULT_USER_ID_ROOM.min(all / 2)),
            Some(room) if room <= all => Ok(room),
            Some(room) => Err(ConfigError(format!(
                "anonymous sessions are to leave {room} bytes for a user id, and an empty one has room for {all}: ask \
                 for less by user_id_room"
            ))),
        }
    }
}

impl fmt::Debug for SessionLayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayerBuilder")
            .field("store", &self.store)
            .field("cookies", &self.cookies)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
