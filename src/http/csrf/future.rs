//! The response of a service that [`CsrfLayer`](super::CsrfLayer) guards.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::form;
use super::settings::Settings;
use crate::http::Session;
use crate::http::telemetry;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request was refused; for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    AnotherSite,
    NoToken,
    WrongToken,
    FormTooLarge,
    BodyBroken,
    NoSessionLayer,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::AnotherSite | Self::NoToken | Self::WrongToken => StatusCode::FORBIDDEN,
            Self::FormTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::NoSessionLayer => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::AnotherSite => "it comes from another site",
            Self::NoToken => "it brings no CSRF token",
            Self::WrongToken => "its CSRF token is not one of its session",
            Self::FormTooLarge => "its form is longer than form_limit",
            Self::BodyBroken => "its body could not be read",
            Self::NoSessionLayer => "no SessionLayer is around the CsrfLayer: add one to the router, last",
        }
    }

    fn response<R: Default>(self) -> Response<R> {
        match self {
            Self::NoSessionLayer => telemetry::misplaced(self.message()),
            _ => telemetry::request_refused(self.message()),
        }
        let mut response = Response::new(R::default());
        *response.status_mut() = self.status();
        response
    }
}

pin_project! {
    /// The response of a [`CsrfService`](super::CsrfService).
    pub struct CsrfFuture<F: Future> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F: Future> {
        Passed { #[pin] response: F },
        Refused { refusal: Refusal },
        Form { response: Pin<Box<dyn Future<Output = F::Output> + Send>> },
    }
}

impl<F: Future> CsrfFuture<F> {
    pub(super) fn passed(response: F) -> Self {
        Self { kind: Kind::Passed { response } }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self { kind: Kind::Refused { refusal } }
    }

    /// Reads the form, then hands the request on.
    pub(super) fn form<S, B, R>(
        mut inner: S,
        request: Request<B>,
        session: Session,
        settings: Arc<Settings>,
    ) -> Self
    where
        S: Service<Request<B>, Response = Response<R>, Future = F> + Send + 'static,
        F: Future<Output = Result<Response<R>, S::Error>> + Send,
        B: Body + From<Bytes> + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
        R: Default,
    {
        let response = Box::pin(async move {
            match form::checked(request, &session, &settings).await {
                Ok(request) => inner.call(request).await,
                Err(refusal) => Ok(refusal.response()),
            }
        });
        Self { kind: Kind::Form { response } }
    }
}

impl<F, R, E> Future for CsrfFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Passed { response } => response.poll(cx),
            KindProjection::Refused { refusal } => Poll::Ready(Ok(refusal.response())),
            KindProjection::Form { response } => response.as_mut().poll(cx),
        }
    }
}
