//! [`CsrfLayer`]: no other site makes a user's browser change something here.
//!
//! Two defences, one behind the other: what the browser says of where a request comes from, and a token that only
//! a page of this session has.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::session::Session;

mod form;
mod future;
mod origin;
mod settings;

pub use future::CsrfFuture;
pub use settings::CsrfLayerBuilder;

use future::{BoxError, Refusal};
use settings::Settings;

/// Guards all methods but GET, HEAD, OPTIONS and TRACE. Put it inside a
/// [`SessionLayer`](super::SessionLayer), around what it guards.
///
/// 1. A request from another site is refused, by `Sec-Fetch-Site`, or by `Origin` against `Host` where a browser
///    does not send that. What is sent by no browser has neither, and passes.
/// 2. It brings a token of its session ([`Session::csrf_token`]) in the header `x-csrf-token` or, in a form
///    (`application/x-www-form-urlencoded`), in the field `csrf_token`. For other bodies it takes the header.
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
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
            return Ok(Checked::Passed);
        }
        origin::check(request, &self.settings.trusted)?;
        if self.settings.origin_only {
            return Ok(Checked::Passed);
        }
        let session = request.extensions().get::<Session>().ok_or(Refusal::NoSessionLayer)?;
        match request.headers().get(&self.settings.header) {
            Some(token) if token.to_str().is_ok_and(|token| session.check_csrf(token)) => Ok(Checked::Passed),
            Some(_) => Err(Refusal::WrongToken),
            None if is_form(request.headers()) => Ok(Checked::Form(session.clone())),
            None => Err(Refusal::NoToken),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
