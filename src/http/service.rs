//! The way of a request through a [`SessionLayer`](super::SessionLayer).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::caches;
use super::carrier::Carrier;
use super::config::Config;
use super::cookie::SameSite;
use super::fetch_metadata::is_for_a_document;
use super::few::Few;
use super::handle::Session;
use super::local::is_for_this_machine;
use super::reply::{self, Reply};
use super::request::{Head, RequestContext};
#[cfg(feature = "revocation")]
use super::request::{Listed, Scoped};
use super::settle::{Goes, NotRecorded, Settling};
use super::telemetry;

/// A service whose requests have sessions; made by [`SessionLayer`](super::SessionLayer).
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    setup: Setup,
}

/// What a layer is set to, and the cookies of its sessions.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) config: Arc<Config>,
    pub(super) carrier: Arc<dyn Carrier>,
}

impl<S> SessionService<S> {
    pub(super) fn new(inner: S, setup: Setup) -> Self {
        Self { inner, setup }
    }

    #[cfg(feature = "dbsc")]
    pub(super) fn setup(&self) -> &Setup {
        &self.setup
    }
}

impl<S, B, R> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = SessionFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match enter(&self.setup, &mut request) {
            Entry::Session(session) => {
                request.extensions_mut().insert(session.clone());
                SessionFuture::handled(self.inner.call(request), session)
            }
            Entry::Another(session) => {
                request.extensions_mut().insert(session);
                SessionFuture::passed(self.inner.call(request))
            }
            Entry::Refused(why) => SessionFuture::refused(why),
        }
    }
}

impl<S: std::fmt::Debug> std::fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The response of a [`SessionService`].
    pub struct SessionFuture<F: Future> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F: Future> {
        Handled { #[pin] response: F, session: Handled },
        Settling { response: Option<F::Output>, settling: Settling },
        Passed { #[pin] response: F },
        Refused { why: Refused },
    }
}

/// A session whose handler is at work. What the handler has ended has ended, even if no answer comes of it.
struct Handled(Session);

impl Drop for Handled {
    fn drop(&mut self) {
        reply::cut_off(&self.0);
    }
}

/// Why a request gets no session and meets no handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not for this machine, and its session would go in the clear.
    InDevelopment,
    /// It lacks what sessions are bound to.
    Unbound,
    /// It is not said whose users it is about.
    #[cfg(feature = "revocation")]
    WithoutScope,
    /// Two layers over one cookie contradict each other.
    LayersDiffer,
}

impl<F, R, E> Future for SessionFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = Result<Response<R>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (answer, mut settling) = match self.as_mut().project().kind.project() {
            KindProjection::Handled { response, session } => {
                let mut answer = ready!(response.poll(cx));
                // Where it is: a response that is taken out and put back is copied twice.
                let Ok(response) = &mut answer else {
                    reply::cut_off(&session.0);
                    return Poll::Ready(answer);
                };
                let Reply { fail, settling } =
                    reply::finish(&session.0, response.status(), response.headers_mut());
                if let Some(cookies) = fail {
                    *response = failed(cookies);
                }
                match settling {
                    None => return Poll::Ready(answer),
                    Some(settling) => (answer, settling),
                }
            }
            KindProjection::Settling { response, settling } => {
                let recorded = ready!(settling.poll(cx));
                let response = response.take().unwrap_or_else(|| Ok(failed(Vec::new())))?;
                return Poll::Ready(Ok(settled(response, recorded, settling)));
            }
            KindProjection::Passed { response } => return response.poll(cx),
            KindProjection::Refused { why } => return Poll::Ready(Ok(why.response())),
        };
        match settling.poll(cx) {
            Poll::Ready(recorded) => Poll::Ready(Ok(settled(answer?, recorded, &mut settling))),
            Poll::Pending => {
                self.project().kind.set(Kind::Settling { response: Some(answer), settling });
                Poll::Pending
            }
        }
    }
}

impl<F: Future> SessionFuture<F> {
    /// Of a request with a session.
    pub(super) fn handled(response: F, session: Session) -> Self {
        Self { kind: Kind::Handled { response, session: Handled(session) } }
    }

    /// Of a request whose session another layer answers for.
    fn passed(response: F) -> Self {
        Self { kind: Kind::Passed { response } }
    }

    pub(super) fn refused(why: Refused) -> Self {
        Self { kind: Kind::Refused { why } }
    }
}

/// How a request comes into a layer.
pub(super) enum Entry {
    /// With a session of its own.
    Session(Session),
    /// With that of a layer around this one, which answers for it.
    Another(Session),
    Refused(Refused),
}

/// The session of a request, still unopened. Of several layers over one cookie the outermost has it.
#[inline]
pub(super) fn enter<B>(setup: &Setup, request: &mut Request<B>) -> Entry {
    let config = &setup.config;
    let outer = request.extensions().get::<Session>();
    if let Some(same) = outer.and_then(|outer| outer.of_cookie(config.cookies.name())) {
        return match same.config().is_same(config) && same.carrier().is_same(&*setup.carrier) {
            true => Entry::Another(same.clone()),
            false => Entry::Refused(Refused::LayersDiffer),
        };
    }
    let outer = outer.cloned();
    if config.cookies.is_for_local_development() && !is_for_this_machine(request) {
        return Entry::Refused(Refused::InDevelopment);
    }
    begin(setup, request, outer)
}

fn begin<B>(setup: &Setup, request: &mut Request<B>, outer: Option<Session>) -> Entry {
    let Setup { config, carrier } = setup;
    let arrived = config.store.reading();
    let mut bound = Vec::new();
    #[cfg(feature = "revocation")]
    let (mut listed, mut scope) = (Listed::default(), None);
    if config.asks_for_parts() {
        with_parts(request, |parts| {
            bound = config.bind.as_ref().map(|bytes| bytes(parts)).unwrap_or_default();
            #[cfg(feature = "revocation")]
            {
                listed.label = config.label.as_ref().map(|label| label(parts)).unwrap_or_default();
                scope = config.scope.of(parts);
            }
        });
    }
    if config.bind.is_some() && bound.is_empty() {
        return Entry::Refused(Refused::Unbound);
    }
    #[cfg(feature = "revocation")]
    match scope {
        Some(name) if name.is_empty() => return Entry::Refused(Refused::WithoutScope),
        name => listed.scoped = name.map(|name| Scoped::new(config, carrier.bound_store(), &name)),
    }
    let headers = request.headers();
    let may_renew = !config.rules.renewal.is_for_documents_only() || is_for_a_document(headers);
    let held_back = is_held_back(config.cookies.same_site(), request.method(), headers);
    let mut cookies = Few::new();
    headers.get_all(COOKIE).iter().for_each(|cookie| cookies.push(cookie.clone()));
    let head = Head {
        cookies,
        associated_data: bound,
        arrived,
        may_renew,
        held_back,
        is_head: request.method() == Method::HEAD,
    };
    let request = RequestContext {
        config: Arc::clone(config),
        head,
        #[cfg(feature = "revocation")]
        listed,
    };
    Entry::Session(Session::new(request, Arc::clone(carrier), outer))
}

/// A look at a request's head as those take it who set up the layer.
fn with_parts<B>(request: &mut Request<B>, look: impl FnOnce(&Parts)) {
    let (mut parts, ()) = Request::new(()).into_parts();
    let mut exchange = |parts: &mut Parts| {
        std::mem::swap(&mut parts.method, request.method_mut());
        std::mem::swap(&mut parts.uri, request.uri_mut());
        std::mem::swap(&mut parts.version, request.version_mut());
        std::mem::swap(&mut parts.headers, request.headers_mut());
        std::mem::swap(&mut parts.extensions, request.extensions_mut());
    };
    exchange(&mut parts);
    look(&parts);
    exchange(&mut parts);
}

/// A session that may live on, or one that nobody wrote down, is not given out; what ends one on the client is.
fn settled<R: Default>(
    mut response: Response<R>,
    recorded: Result<(), NotRecorded>,
    settling: &mut Settling,
) -> Response<R> {
    let Goes { cookies, beside, is_answer } = settling.goes(recorded.is_ok());
    if !is_answer {
        let mut instead = failed(cookies);
        if recorded.is_err() {
            instead.headers_mut().insert(REFUSED, const { HeaderValue::from_static("not_recorded") });
        }
        return instead;
    }
    response.headers_mut().extend(beside);
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// An answer of our own, that no cache stores.
fn failed<R: Default>(cookies: Vec<HeaderValue>) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    caches::keep_out(response.headers_mut());
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Why an answer is this library's: for who sets up the server, in a browser or with curl.
const REFUSED: &str = "sealed-session-refused";

impl Refused {
    fn response<R: Default>(self) -> Response<R> {
        let (status, why) = match self {
            // A server that the world can reach must not send its sessions in the clear.
            Self::InDevelopment => (StatusCode::INTERNAL_SERVER_ERROR, "insecure_for_local_development"),
            Self::Unbound => (StatusCode::BAD_REQUEST, "bind_to"),
            #[cfg(feature = "revocation")]
            Self::WithoutScope => (StatusCode::BAD_REQUEST, "scope_by"),
            Self::LayersDiffer => (StatusCode::INTERNAL_SERVER_ERROR, "layers_differ"),
        };
        self.tell();
        let mut response = failed(Vec::new());
        *response.status_mut() = status;
        response.headers_mut().insert(REFUSED, HeaderValue::from_static(why));
        response
    }

    fn tell(self) {
        match self {
            Self::InDevelopment => telemetry::refused_in_development(),
            Self::Unbound => telemetry::refused_unbound(),
            #[cfg(feature = "revocation")]
            Self::WithoutScope => telemetry::refused_without_scope(),
            Self::LayersDiffer => telemetry::misplaced(
                "two session layers over one cookie differ in their store, attributes, binding or rules: use clones of \
                 one layer",
            ),
        }
    }
}

/// Whether a browser holds cookies back from such a request (RFC 6265bis, section 5.8.3): another site has caused it,
/// and no link to a page does.
fn is_held_back(same_site: SameSite, method: &Method, headers: &HeaderMap) -> bool {
    let says = |name: &str, value: &str| headers.get(name).is_some_and(|said| said == value);
    let is_link =
        || method.is_safe() && says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
    match same_site {
        SameSite::None => false,
        SameSite::Strict => says("sec-fetch-site", "cross-site"),
        SameSite::Lax => says("sec-fetch-site", "cross-site") && !is_link(),
    }
}
