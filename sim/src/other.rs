//! A second session of a request, in a cookie of its own: a middleware around the application counts in it.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use sealed_session::hazmat::{ManualClock, with_randomness};
use sealed_session::http::{Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore};
use tower::Service;

use crate::app::{Plan, Report};
use crate::request::Body;
use crate::server::Dice;

pub const NAME: &str = "__Host-other";

/// Its layer. Operators leave its ring alone, and nothing of it is revoked.
pub fn layer(clock: ManualClock, dice: &Dice) -> SessionLayer {
    let ring = KeyRing::single(RootSecret::from_bytes(&[7; 32]).expect("32 bytes"));
    let builder = SealedStore::builder(ring).cookie_name(NAME).clock(clock);
    let dice = dice.clone();
    let builder = with_randomness(builder, move |bytes| {
        dice.fill(bytes);
        true
    });
    SessionLayer::new(builder.build().expect("settings of ours")).expect("the default")
}

/// The middleware.
pub struct Counts<S>(pub S);

impl<S> Service<Request<Body>> for Counts<S>
where
    S: Service<Request<Body>, Response = Response<String>, Error = Infallible>,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        let of = request.extensions();
        if let (Some(session), Some(plan)) = (of.get::<Session>(), of.get::<Arc<Plan>>()) {
            let seen: u64 = session.get("count").ok().flatten().unwrap_or_default();
            let counted = session.insert("count", &(seen + 1)).is_ok();
            plan.report(Report::Counted { seen, counted });
        }
        self.0.call(request)
    }
}
