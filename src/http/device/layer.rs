//! [`DeviceBoundLayer`]: a session layer that binds sessions to devices.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::endpoints::Endpoint;
use super::{Device, DeviceSettings};
use crate::error::ConfigError;
use crate::http::config::Config;
use crate::http::layer::SessionLayer;
use crate::http::service::{Entry, SessionFuture, SessionService, Setup, enter};

/// A [`SessionLayer`](crate::http::SessionLayer) that binds the sessions of users to their devices (Device Bound
/// Session Credentials, a draft of the W3C): the browser makes a key that never leaves the device, and proves every
/// few minutes that it still has it. Nothing is stored here.
///
/// The layer answers two paths itself, `POST /dbsc/register` and `POST /dbsc/refresh`; put it around all of an
/// origin. Handlers see no difference but [`Session::is_device_bound`](crate::http::Session::is_device_bound).
/// The cookie's name has to begin with `__Host-`, so that no other host can plant a session and a device.
/// Browsers without this go on with an ordinary session, unless [`Unbound`](super::Unbound) says otherwise. What a
/// thief can do stands in SECURITY.md.
///
/// A session moves in two steps. The answer to a registration changes nothing of the ordinary session, since it may never
/// arrive, and whatever ends that session meanwhile wins. The first request that brings the ordinary cookie, the one that
/// the registration gave and a valid proof moves it, with all that was changed meanwhile; where revocations are known,
/// copies of the ordinary cookie end then. A change by a request that was sent before and is answered after that is lost,
/// with a warning in the log: the session has moved to another cookie by then.
///
/// ```
/// use std::time::Duration;
/// use sealed_session::http::{SessionLayer, Unbound};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let store = SealedStore::builder(KeyRing::single(RootSecret::generate()?)).build()?;
/// let layer = SessionLayer::new(store)?.device_bound(|device| {
///     device.proof_ttl(Duration::from_secs(600)).unbound(Unbound::Accepted)
/// })?;
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DeviceBoundLayer {
    config: Arc<Config>,
    device: Arc<Device>,
}

impl SessionLayer {
    /// Binds the sessions of users to their devices, where browsers know how: a stolen cookie is worth minutes.
    /// Takes the place of this layer. See [`DeviceBoundLayer`].
    ///
    /// # Errors
    /// As [`DeviceBindingBuilder::build`](crate::dbsc::DeviceBindingBuilder::build), among them for a cookie whose name
    /// does not begin with `__Host-`; for a cookie that is not
    /// `Secure`, not of one whole origin (with a `Domain`, `Partitioned`, or a `Path` other than `/`), or without room
    /// for a bound session; for paths of endpoints that are none; and for a time to register that is none.
    pub fn device_bound(
        self,
        set: impl FnOnce(DeviceSettings) -> DeviceSettings,
    ) -> Result<DeviceBoundLayer, ConfigError> {
        let config = self.0;
        let device = set(DeviceSettings::new(&config.store)).build(&config.cookies)?;
        Ok(DeviceBoundLayer { config, device: Arc::new(device) })
    }
}

impl<S> Layer<S> for DeviceBoundLayer {
    type Service = DeviceBoundService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let Self { config, device } = self.clone();
        let setup = Setup { config, carrier: Arc::clone(&device) as _ };
        DeviceBoundService { inner: SessionService::new(inner, setup), device }
    }
}

impl fmt::Debug for DeviceBoundLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceBoundLayer").field("store", &self.config.store).finish_non_exhaustive()
    }
}

/// A service whose sessions are bound to devices; made by [`DeviceBoundLayer`].
#[derive(Clone)]
pub struct DeviceBoundService<S> {
    inner: SessionService<S>,
    device: Arc<Device>,
}

impl<S, B, R> Service<Request<B>> for DeviceBoundService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Default + From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = DeviceBoundFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Some(endpoint) = self.device.endpoint(&request) else {
            return DeviceBoundFuture { kind: Kind::Inner { response: self.inner.call(request) } };
        };
        let session = match enter(self.inner.setup(), &mut request) {
            Entry::Session(session) => session,
            Entry::Another(_) => {
                return DeviceBoundFuture { kind: Kind::Inner { response: self.inner.call(request) } };
            }
            Entry::Refused(why) => {
                return DeviceBoundFuture { kind: Kind::Own { response: SessionFuture::refused(why) } };
            }
        };
        let response = match endpoint {
            Endpoint::Register => session.register_device(&self.device, request.headers()),
            Endpoint::Refresh => session.refresh_device(&self.device, request.headers()),
        };
        let response = SessionFuture::handled(ready(Ok(response)), session);
        DeviceBoundFuture { kind: Kind::Own { response } }
    }
}

impl<S: fmt::Debug> fmt::Debug for DeviceBoundService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceBoundService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The response of a [`DeviceBoundService`].
    pub struct DeviceBoundFuture<F: Future> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F: Future> {
        Inner { #[pin] response: SessionFuture<F> },
        Own { #[pin] response: SessionFuture<Ready<F::Output>> },
    }
}

impl<F, R, E> Future for DeviceBoundFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Default,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Inner { response } => response.poll(cx),
            KindProjection::Own { response } => response.poll(cx),
        }
    }
}
