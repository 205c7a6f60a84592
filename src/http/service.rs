//! The way of a request through a [`SessionLayer`](super::SessionLayer).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{COOKIE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use smallvec::SmallVec;
use tower_service::Service;

use super::fetch_metadata::is_for_a_document;
use super::layer::Config;
use super::local::is_for_this_machine;
use super::reply;
use super::session::Session;
use super::settle::{NotRecorded, Settling};
use crate::telemetry::web;

/// A service whose requests have sessions; made by [`SessionLayer`](super::SessionLayer).
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> SessionService<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }

    #[cfg(feature = "dbsc")]
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
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
        if self.config.cookies.is_for_local_development() && !is_for_this_machine(&request) {
            return SessionFuture::refused(Refused::InDevelopment);
        }
        let session = match begin(&self.config, &mut request) {
            Ok(session) => session,
            Err(refused) => return SessionFuture::refused(refused),
        };
        request.extensions_mut().insert(session.clone());
        SessionFuture::handled(self.inner.call(request), session)
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
        Handled { #[pin] response: F, session: Session },
        Settling { response: Option<F::Output>, settling: Settling },
        Refused { why: Refused },
    }
}

/// Why a request gets no session and meets no handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not for this machine, and its session would go in the clear.
    InDevelopment,
    /// It lacks what sessions are bound to.
    Unbound,
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
                let Ok(response) = &mut answer else { return Poll::Ready(answer) };
                match reply::finish(session, response.status(), response.headers_mut()) {
                    Ok(None) => return Poll::Ready(answer),
                    Ok(Some(settling)) => (answer, settling),
                    Err(_) => return Poll::Ready(Ok(failed())),
                }
            }
            KindProjection::Settling { response, settling } => {
                let recorded = ready!(settling.poll(cx));
                let response = response.take().unwrap_or_else(|| Ok(failed()))?;
                return Poll::Ready(Ok(settled(response, recorded, std::mem::take(&mut settling.endings))));
            }
            KindProjection::Refused { why } => return Poll::Ready(Ok(why.response())),
        };
        match settling.poll(cx) {
            Poll::Ready(recorded) => Poll::Ready(Ok(settled(answer?, recorded, settling.endings))),
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
        Self { kind: Kind::Handled { response, session } }
    }

    pub(super) fn refused(why: Refused) -> Self {
        Self { kind: Kind::Refused { why } }
    }
}

/// The session of a request, still unopened. What all sessions without the bytes that bind them would share is not
/// given to anybody.
#[inline]
pub(super) fn begin<B>(config: &Arc<Config>, request: &mut Request<B>) -> Result<Session, Refused> {
    let mut bound = Vec::new();
    #[cfg(feature = "revocation")]
    let mut label = String::new();
    if config.asks_for_parts() {
        with_parts(request, |parts| {
            bound = config.bind.as_ref().map(|bytes| bytes(parts)).unwrap_or_default();
            #[cfg(feature = "revocation")]
            {
                label = config.label.as_ref().map(|label| label(parts)).unwrap_or_default();
            }
        });
    }
    if config.bind.is_some() && bound.is_empty() {
        return Err(Refused::Unbound);
    }
    let headers = request.headers();
    let may_renew = !config.rules.renewal.is_for_documents_only() || is_for_a_document(headers);
    let mut cookies = SmallVec::new();
    headers.get_all(COOKIE).iter().for_each(|cookie| cookies.push(cookie.clone()));
    Ok(Session::new(
        Arc::clone(config),
        cookies,
        bound,
        may_renew,
        #[cfg(feature = "revocation")]
        label,
    ))
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
    response: Response<R>,
    recorded: Result<(), NotRecorded>,
    endings: Vec<HeaderValue>,
) -> Response<R> {
    if recorded.is_ok() {
        return response;
    }
    let mut instead = failed();
    for ending in endings {
        instead.headers_mut().append(SET_COOKIE, ending);
    }
    instead
}

fn failed<R: Default>() -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

impl Refused {
    /// By a header that names the setting: who sets up the server sees it first in a browser or with curl.
    fn response<R: Default>(self) -> Response<R> {
        let (status, setting) = match self {
            // A server that the world can reach must not send its sessions in the clear.
            Self::InDevelopment => (StatusCode::INTERNAL_SERVER_ERROR, "insecure_for_local_development"),
            Self::Unbound => (StatusCode::BAD_REQUEST, "bind_to"),
        };
        match self {
            Self::InDevelopment => web::refused_in_development(),
            Self::Unbound => web::refused_unbound(),
        }
        let mut response = Response::new(R::default());
        *response.status_mut() = status;
        response.headers_mut().insert("sealed-session-refused", HeaderValue::from_static(setting));
        response
    }
}
