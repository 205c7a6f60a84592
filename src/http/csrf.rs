//! [`CsrfLayer`]: no other site makes a user's browser change something here.
//!
//! Two defences: what the browser says of where a request comes from; and a token that only a page of this session
//! has, where the browser says nothing or where it is asked for on top. `judge` has the decision.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::fetch_metadata::Site;
use super::session::Session;

mod cookies;
mod form;
mod future;
mod judge;
mod origin;
mod settings;

pub use future::CsrfFuture;
pub use settings::CsrfLayerBuilder;

use future::{BoxError, Refusal};
use judge::{Act, Sender, Verdict, judge};
use origin::Scheme;
use settings::Settings;

/// Guards all methods but GET, HEAD, OPTIONS and TRACE, and whatever opens a WebSocket. Put it inside a
/// [`SessionLayer`](super::SessionLayer), around what it guards.
///
/// 1. `Sec-Fetch-Site` decides where a browser sends it: `same-origin` and `none` pass, all else is refused.
/// 2. Without it, `Origin` does: it has to be the own origin, which has the host and port that the request asks for
///    (`:authority`, else `Host`), and the scheme `https` unless the cookie is not `Secure`
///    ([`insecure_for_local_development`](super::CookiePolicyBuilder::insecure_for_local_development)).
/// 3. Origins that are [trusted](CsrfLayerBuilder::trust_origin) pass in both cases.
/// 4. With neither header, a request that brings no cookie of the session passes. One that does, and one with
///    `Origin: null`, needs a token of its session ([`Session::csrf_token`]): in the header `x-csrf-token` or, in a
///    form (`application/x-www-form-urlencoded`), in the field `csrf_token`.
///
/// A request that opens a WebSocket (GET with `Upgrade: websocket`, or an extended CONNECT over HTTP/2) is judged by
/// `Origin`, which browsers always send with it, and never needs a token.
/// [`require_token`](CsrfLayerBuilder::require_token) asks for a token with everything else.
///
/// What takes a token, or has neither header, is answered with 500 where no session layer is around.
///
/// A refusal is a 403 with an empty body; why stands in the log.
///
/// ```
/// use sealed_session::http::{CsrfLayer, SessionLayer};
/// # use sealed_session::{KeyRing, RootSecret, SealedStore};
/// # use axum::{Router, routing::post};
///
/// async fn buy() {}
/// # let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
///
/// // The layer that was added last is the first that a request meets.
/// let app: Router = Router::new()
///     .route("/buy", post(buy))
///     .layer(CsrfLayer::new())
///     .layer(SessionLayer::new(store)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CsrfLayer(Arc<Settings>);

impl CsrfLayer {
    /// A layer with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Settings::default()))
    }

    /// Starts building a layer.
    pub fn builder() -> CsrfLayerBuilder {
        CsrfLayerBuilder::new()
    }
}

impl Default for CsrfLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for CsrfLayer {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CsrfService { inner, settings: Arc::clone(&self.0) }
    }
}

/// A service that [`CsrfLayer`] guards.
#[derive(Debug, Clone)]
pub struct CsrfService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, R> Service<Request<B>> for CsrfService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + From<Bytes> + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = CsrfFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.check(&request) {
            Ok(Checked::Passed) => CsrfFuture::passed(self.inner.call(request)),
            Err(refusal) => CsrfFuture::refused(refusal),
            Ok(Checked::Form(session)) => {
                // The service that was made ready answers; its clone waits for the next request.
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                CsrfFuture::form(inner, request, session, Arc::clone(&self.settings))
            }
        }
    }
}

/// What is known before the body has arrived.
enum Checked {
    Passed,
    /// The token can only be in the body.
    Form(Session),
}

impl<S> CsrfService<S> {
    fn check<B>(&self, request: &Request<B>) -> Result<Checked, Refusal> {
        let session = request.extensions().get::<Session>();
        match self.verdict(request, session) {
            Verdict::Passes => Ok(Checked::Passed),
            Verdict::Refused => Err(Refusal::AnotherSite),
            Verdict::NeedsToken => self.check_token(request.headers(), session),
            Verdict::PassesWithoutSessionCookie => match session {
                Some(session) if !session.brings_cookie() => Ok(Checked::Passed),
                session => self.check_token(request.headers(), session),
            },
        }
    }

    fn verdict<B>(&self, request: &Request<B>, session: Option<&Session>) -> Verdict {
        let scheme = match session {
            Some(session) if session.config().cookies.is_for_local_development() => Scheme::Http,
            _ => Scheme::Https,
        };
        let sender = Sender::of(request, scheme, &self.settings.trusted);
        judge(Act::of(request), sender, Site::of(request.headers()), self.settings.require_token)
    }

    fn check_token(&self, headers: &HeaderMap, session: Option<&Session>) -> Result<Checked, Refusal> {
        let session = session.ok_or(Refusal::NoSessionLayer)?;
        match headers.get(&self.settings.header) {
            Some(token) if token.to_str().is_ok_and(|token| session.check_csrf(token)) => Ok(Checked::Passed),
            Some(_) => Err(Refusal::WrongToken),
            None if is_form(headers) => Ok(Checked::Form(session.clone())),
            None => Err(Refusal::NoToken),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
