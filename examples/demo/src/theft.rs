//! A thief has copied the cookies of a browser, and not its device. The server plays the thief: the copy goes once
//! more through the layer that guards sessions, and nothing of the browser but its cookies goes with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue, Request};
use axum::routing::get;
use axum::{Extension, Router};
use sealed_session::SessionUid;
use sealed_session::http::{FlashLevel, Session};
use tower::ServiceExt as _;

use crate::shop::{Answer, tell};
use crate::{SessionsLayer, Shop};

/// So many copies are kept, one a session.
const KEPT: usize = 100;

type Copy = Vec<HeaderValue>;

/// What was copied, and a server where it can be tried. Clones are the same.
#[derive(Clone)]
pub(crate) struct Theft {
    server: Router,
    copies: Arc<Mutex<VecDeque<(SessionUid, Copy)>>>,
}

/// What a server makes of a request.
#[derive(Clone)]
enum Seen {
    User(String),
    Visitor,
    NoProof,
    NoSession,
}

/// Keeps the cookies of this request.
pub(crate) async fn copy(State(shop): State<Shop>, session: Session, headers: HeaderMap) -> Answer {
    let Some(uid) = session.uid() else { return tell(&session, FlashLevel::Info, "There is no session.") };
    shop.theft.keep(uid, headers.get_all(COOKIE).iter().cloned().collect());
    tell(&session, FlashLevel::Info, "The cookies were copied. Use the copy, now and later.")
}

/// Tells what the copy is worth.
pub(crate) async fn use_copy(State(shop): State<Shop>, session: Session) -> Answer {
    let Some(copy) = session.uid().and_then(|uid| shop.theft.copy_of(uid)) else {
        return tell(&session, FlashLevel::Info, "Nothing was copied from this session yet.");
    };
    match shop.theft.present(copy).await {
        Seen::User(user) => {
            tell(&session, FlashLevel::Warning, format_args!("Whoever has the copy is {user} here."))
        }
        Seen::Visitor => {
            tell(&session, FlashLevel::Warning, "Whoever has the copy has the session, without a user.")
        }
        Seen::NoProof => tell(&session, FlashLevel::Success, "The proof is over: no session."),
        Seen::NoSession => tell(&session, FlashLevel::Success, "The copy is worth nothing: no session."),
    }
}

impl Theft {
    pub(crate) fn new(sessions: SessionsLayer) -> Self {
        Self { server: Router::new().route("/", get(who_am_i)).layer(sessions), copies: Arc::default() }
    }

    fn keep(&self, uid: SessionUid, copy: Copy) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.retain(|(of, _)| *of != uid);
        copies.push_back((uid, copy));
        if copies.len() > KEPT {
            copies.pop_front();
        }
    }

    fn copy_of(&self, uid: SessionUid) -> Option<Copy> {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.iter().find(|(of, _)| *of == uid).map(|(_, copy)| copy.clone())
    }

    async fn present(&self, copy: Copy) -> Seen {
        let mut request = Request::new(Body::empty());
        request.headers_mut().extend(copy.into_iter().map(|value| (COOKIE, value)));
        let Ok(mut response) = self.server.clone().oneshot(request).await;
        response.extensions_mut().remove().unwrap_or(Seen::NoSession)
    }
}

async fn who_am_i(session: Session) -> Extension<Seen> {
    Extension(match session.user_id() {
        Some(user) => Seen::User(user),
        None if session.uid().is_some() => Seen::Visitor,
        None if session.lacks_device_proof() => Seen::NoProof,
        None => Seen::NoSession,
    })
}
