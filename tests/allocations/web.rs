//! What a session layer adds to a request: the cookie is borrowed from the request, and an unchanged session is not
//! written.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{Request, Response};
use sealed_session::http::{Session, SessionLayer};
use sealed_session::{KeyRing, SealedStore, SessionPlugin as _};
use tower::{Layer as _, Service as _, service_fn};

use crate::common::{NOW, secret};
use crate::{DATA_LENS, ManualClock, allocations, options};

/// Allocations of a request that brings a session with so much data, and whether its response sets a cookie.
fn of_a_request(data_len: usize, handle: impl Fn(&Session) + Clone) -> (u64, bool) {
    let store = SealedStore::builder(KeyRing::single(secret(1))).clock(ManualClock::at(NOW)).build().unwrap();
    let cookie = format!("__Host-session={}", store.create(options(data_len)).unwrap().as_str());
    // Cloned, it is shared, as a server's are, which are pieces of what it has read.
    let cookie = HeaderValue::try_from(cookie).unwrap();
    let request = || Request::builder().header(COOKIE, cookie.clone()).body(()).unwrap();
    let mut requests = vec![request(), request()];
    let mut service = SessionLayer::new(store).unwrap().layer(service_fn(move |request: Request<()>| {
        handle(request.extensions().get::<Session>().unwrap());
        ready(Ok::<_, Infallible>(Response::new(())))
    }));
    let mut sets = false;
    let count = allocations(|| {
        let response = pin!(service.call(requests.pop().unwrap()));
        let Poll::Ready(Ok(response)) = response.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("nothing here waits");
        };
        sets = response.headers().contains_key(SET_COOKIE);
    });
    (count, sets)
}

/// The session, and its place among the request's extensions, which have none yet: three more.
const UNREAD: u64 = 4;
/// The header `Vary` in a response that has no header yet.
const VARY: u64 = 2;

fn lens() -> impl Iterator<Item = usize> {
    DATA_LENS.into_iter().filter(|len| *len < 2_800)
}

#[test]
fn an_unread_session_allocates_its_handle_and_nothing_of_its_cookie() {
    for len in lens() {
        assert_eq!(of_a_request(len, |_| ()), (UNREAD, false), "{len}");
    }
}

#[test]
#[cfg_attr(feature = "metrics", ignore = "a counter's key id is allocated")]
fn a_session_that_is_read_allocates_user_and_data_in_one_piece() {
    for len in lens() {
        let read = |session: &Session| {
            assert!(!session.is_empty());
            assert_eq!(session.get::<u8>("absent"), Ok(None));
        };
        assert_eq!(of_a_request(len, read), (UNREAD + 1 + VARY, false), "{len}");
    }
}

/// The value as it is written, the name, and the new data; a buffer to seal in, and the cookie.
#[test]
#[cfg_attr(feature = "metrics", ignore = "a counter's key id is allocated")]
fn a_session_that_is_changed_allocates_five_times_more() {
    for len in lens() {
        let change = |session: &Session| session.insert("b", &1).unwrap();
        assert_eq!(of_a_request(len, change), (UNREAD + 1 + VARY + 5, true), "{len}");
    }
}
