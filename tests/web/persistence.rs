//! What `Session::persistence` says right before the answer is what the answer does.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use sealed_session::Clock as _;
#[cfg(feature = "revocation")]
use sealed_session::http::DataError;
use sealed_session::http::{LeftInPlace, Persistence, Session};

use crate::direct::{Answer, NAME, Server, with};
use crate::site::{DAY, HOUR};

/// A step on the way of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Look,
    Insert(u8),
    LogIn(&'static str),
    LogOut,
    Invalidate,
    Cycle,
    SetTtl(u64),
    Token,
    BeginAnyway,
    Pass(u64),
    #[cfg(feature = "revocation")]
    LogOutOthers,
    #[cfg(feature = "revocation")]
    LogOutEverywhere,
    #[cfg(feature = "revocation")]
    Elsewhere(Elsewhere),
}

/// What somebody else does meanwhile.
#[cfg(feature = "revocation")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Elsewhere {
    RevokesAnn,
    RevokesAll,
    LogsOut,
    LogsOutOthers,
    LogsOutEverywhere,
}

use Step::{BeginAnyway, Cycle, Insert, Invalidate, LogIn, LogOut, Look, Pass, SetTtl, Token};

const SECOND: u64 = 1_000;

/// What a handler may have done by then.
const BEFORE: &[&[Step]] = &[
    &[Look],
    &[Insert(1)],
    &[LogIn("ann")],
    &[LogIn("bob")],
    &[Cycle],
    &[LogIn("ann"), Cycle],
    &[LogOut],
    &[LogOut, Insert(1)],
    &[LogOut, LogIn("ann")],
    &[Invalidate],
    &[SetTtl(60)],
    &[SetTtl(60), LogIn("ann")],
    &[LogIn("ann"), SetTtl(60)],
    &[LogIn("ann"), SetTtl(10), Pass(9), SetTtl(60)],
    &[Insert(1), SetTtl(60)],
    &[LogOut, Insert(1), SetTtl(60)],
    &[Token],
    &[BeginAnyway],
    #[cfg(feature = "revocation")]
    &[Step::LogOutOthers],
    #[cfg(feature = "revocation")]
    &[LogIn("ann"), Step::LogOutOthers],
    #[cfg(feature = "revocation")]
    &[Step::LogOutOthers, Cycle, SetTtl(60)],
    #[cfg(feature = "revocation")]
    &[Step::LogOutEverywhere],
];

/// What comes in between.
const MEANWHILE: &[Step] = &[
    Pass(0),
    Pass(59),
    Pass(60),
    Pass(2 * DAY / SECOND),
    #[cfg(feature = "revocation")]
    Step::Elsewhere(Elsewhere::RevokesAnn),
    #[cfg(feature = "revocation")]
    Step::Elsewhere(Elsewhere::RevokesAll),
    #[cfg(feature = "revocation")]
    Step::Elsewhere(Elsewhere::LogsOut),
    #[cfg(feature = "revocation")]
    Step::Elsewhere(Elsewhere::LogsOutOthers),
    #[cfg(feature = "revocation")]
    Step::Elsewhere(Elsewhere::LogsOutEverywhere),
];

/// And what the handler does then, before it stores the last thing.
const AFTERWARDS: &[&[Step]] = &[&[Look], &[SetTtl(DAY / SECOND), Pass(10)]];

/// The cookies of a request, and those of other browsers of its user.
#[derive(Clone)]
struct Cookies {
    brings: Vec<(&'static str, String)>,
    #[cfg(feature = "revocation")]
    same: String,
    #[cfg(feature = "revocation")]
    other: String,
}

impl Step {
    async fn take(self, session: &Session, server: &Server, cookies: &Cookies) {
        let taken = match self {
            Look => return drop(session.user_id()),
            Insert(value) => session.insert("a", &value),
            LogIn(user) => session.authenticate(user),
            LogOut => session.logout(),
            Invalidate => session.invalidate(),
            Cycle => session.cycle(),
            SetTtl(seconds) => session.set_ttl(Duration::from_secs(seconds)),
            Token => session.csrf_token().map(drop),
            BeginAnyway => session.begin_anyway(),
            Pass(seconds) => return server.clock.advance(seconds * SECOND),
            #[cfg(feature = "revocation")]
            Self::LogOutOthers => session.logout_others().await,
            #[cfg(feature = "revocation")]
            Self::LogOutEverywhere => session.logout_everywhere().await,
            #[cfg(feature = "revocation")]
            Self::Elsewhere(elsewhere) => return elsewhere.happen(server, cookies).await,
        };
        let _ = cookies;
        match taken {
            // There may be no list of them.
            #[cfg(feature = "revocation")]
            Err(DataError::Revocation(_)) if server.store.revocations().is_none() => {}
            taken => taken.unwrap(),
        }
    }
}

#[cfg(feature = "revocation")]
impl Elsewhere {
    async fn happen(self, server: &Server, cookies: &Cookies) {
        let store = &server.store;
        if store.revocations().is_none() {
            return;
        }
        match self {
            Self::RevokesAnn => store.revoke_user("ann").await.unwrap(),
            Self::RevokesAll => store.revoke_everything().await.unwrap(),
            Self::LogsOut => {
                server.call(&with(&cookies.same), |session| std::future::ready(session.logout())).await;
            }
            Self::LogsOutOthers => {
                let handler = |session: Session| async move { session.logout_others().await };
                server.call(&with(&cookies.other), handler).await;
            }
            Self::LogsOutEverywhere => {
                let handler = |session: Session| async move { session.logout_everywhere().await };
                server.call(&with(&cookies.other), handler).await;
            }
        }
    }
}

/// What a handler was told, and what became of it.
struct Outcome {
    persistence: Persistence,
    expires_at: Option<SystemTime>,
    answer: Answer,
}

async fn outcome(server: &Server, cookies: &Cookies, steps: Vec<Step>) -> Outcome {
    let told = Arc::new(Mutex::new(None));
    let (tells, inside, inner) = (Arc::clone(&told), server.clone(), cookies.clone());
    let brings: Vec<_> = cookies.brings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let handler = move |session: Session| {
        let (tells, inside, inner, steps) = (tells.clone(), inside.clone(), inner.clone(), steps.clone());
        async move {
            for step in steps {
                step.take(&session, &inside, &inner).await;
            }
            *tells.lock().unwrap() = Some((session.persistence(), session.expires_at()));
        }
    };
    let answer = server.call(&brings, handler).await;
    let (persistence, expires_at) = told.lock().unwrap().take().unwrap();
    Outcome { persistence, expires_at, answer }
}

/// How many they are.
const CAME: usize = 7;

/// All that a request may bring.
async fn all_cookies(server: &Server) -> Vec<Cookies> {
    let stored = |session: Session| std::future::ready(session.insert("a", &0));
    let visitor = server.call(&[], stored).await.pair();
    let expired = server
        .act(&[], |session| {
            session.set_ttl(Duration::from_secs(1)).unwrap();
            session.authenticate("ann").unwrap();
        })
        .await
        .pair();
    server.clock.advance(SECOND);
    let (ann, other) = (server.logged_in("ann").await, server.logged_in("ann").await);
    let both = format!("{ann}; {visitor}");
    let brings: [Vec<(&'static str, String)>; CAME] = [
        vec![],
        vec![("cookie", ann.clone())],
        vec![("cookie", visitor)],
        vec![("cookie", expired)],
        vec![("cookie", format!("{NAME}=garbage"))],
        vec![("cookie", both)],
        vec![("sec-fetch-site", "cross-site".to_owned())],
    ];
    let _ = (&ann, &other);
    brings
        .into_iter()
        .map(|brings| Cookies {
            brings,
            #[cfg(feature = "revocation")]
            same: ann.clone(),
            #[cfg(feature = "revocation")]
            other: other.clone(),
        })
        .collect()
}

/// What a client sees with the cookie that an answer sets, if it sets one.
async fn stored(server: &Server, answer: &Answer) -> Option<u8> {
    if !answer.sets() {
        return None;
    }
    let seen = Arc::new(Mutex::new(None));
    let sees = Arc::clone(&seen);
    let look = move |session: &Session| *sees.lock().unwrap() = session.get("a").unwrap();
    server.act(&with(&answer.pair()), look).await;
    seen.lock().unwrap().take()
}

async fn a_handler_is_told_what_its_answer_does(server: Server) {
    for before in BEFORE {
        for (meanwhile, afterwards) in
            MEANWHILE.iter().flat_map(|meanwhile| AFTERWARDS.iter().map(move |after| (meanwhile, after)))
        {
            for at in 0..CAME {
                let cookies = all_cookies(&server).await.swap_remove(at);
                let steps = [&[Look], *before, &[*meanwhile], *afterwards, &[Insert(7)]].concat();
                let Outcome { persistence, expires_at, answer } =
                    outcome(&server, &cookies, steps.clone()).await;
                let case = format!("{:?} {steps:?} {:?}", cookies.brings, answer.set_cookies());
                let is_sent = persistence == Persistence::Sent;
                assert_eq!(stored(&server, &answer).await, is_sent.then_some(7), "{persistence:?} {case}");
                let now = UNIX_EPOCH + Duration::from_millis(server.clock.now_ms());
                assert_eq!(expires_at.is_some_and(|at| at > now), is_sent, "{expires_at:?} {case}");
                assert_eq!(expires_at.is_some(), is_sent, "{expires_at:?} {case}");
                assert_eq!(answer.status, StatusCode::OK, "{case}");
                server.clock.advance(HOUR);
            }
        }
    }
}

#[tokio::test]
async fn a_handler_is_told_what_its_answer_does_without_revocations() {
    a_handler_is_told_what_its_answer_does(Server::new()).await;
}

#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_handler_is_told_what_its_answer_does_with_revocations_in_memory() {
    a_handler_is_told_what_its_answer_does(Server::revoking()).await;
}

/// A login is then on its way to the backend, and its answer waits for it.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_handler_is_told_what_its_answer_does_with_a_backend_of_its_own_thread() {
    use sealed_session::revocation::Revocations;

    let backend = crate::troubled::Troubled::default();
    let server = Server::with(
        |store, clock| {
            let revocations = Revocations::builder().clock(clock.clone()).with_backend(backend);
            store.revocations(revocations.unwrap())
        },
        |layer| layer,
    );
    a_handler_is_told_what_its_answer_does(server).await;
}

#[tokio::test]
async fn a_login_that_is_prolonged_in_time_is_sent_for_so_long() {
    let prolongs: [&[Step]; 4] = [
        &[SetTtl(60), LogIn("ann"), Pass(59), SetTtl(DAY / SECOND), Pass(10)],
        &[LogIn("ann"), SetTtl(60), Pass(59), SetTtl(DAY / SECOND), Pass(10)],
        &[LogIn("ann"), SetTtl(60), Pass(50), SetTtl(60), Pass(50), SetTtl(DAY / SECOND), Pass(10)],
        &[LogIn("ann"), SetTtl(60), Pass(59), Cycle, SetTtl(DAY / SECOND), Insert(1), Pass(10)],
    ];
    for steps in prolongs {
        let server = Server::new();
        let cookies = all_cookies(&server).await.swap_remove(0);
        let Outcome { persistence, answer, .. } = outcome(&server, &cookies, steps.to_vec()).await;
        assert_eq!(persistence, Persistence::Sent, "{steps:?}");
        server.clock.advance(DAY - 11 * SECOND);
        assert_eq!(server.user(&answer.pair()).await.as_deref(), Some("ann"), "{steps:?}");
        server.clock.advance(SECOND);
        assert_eq!(server.user(&answer.pair()).await, None, "{steps:?}");
    }
}

#[tokio::test]
async fn a_login_that_has_run_out_stays_over_whatever_ttl_is_set_then() {
    let server = Server::new();
    let steps = [SetTtl(60), LogIn("ann"), Pass(60), SetTtl(DAY / SECOND), SetTtl(DAY / SECOND)];
    let cookies = all_cookies(&server).await.swap_remove(0);
    let Outcome { persistence, answer, .. } = outcome(&server, &cookies, steps.to_vec()).await;
    assert!(persistence == Persistence::Ended && answer.sets_nothing(), "{persistence:?}");
}

/// Whatever came with its request.
#[cfg(feature = "revocation")]
#[tokio::test]
async fn a_login_that_was_ended_elsewhere_has_ended() {
    let server = Server::revoking();
    for at in 0..CAME {
        let cookies = all_cookies(&server).await.swap_remove(at);
        let steps = vec![LogIn("ann"), Step::Elsewhere(Elsewhere::RevokesAnn)];
        let Outcome { persistence, expires_at, .. } = outcome(&server, &cookies, steps).await;
        assert_eq!((persistence, expires_at), (Persistence::Ended, None), "{:?}", cookies.brings);
        server.clock.advance(SECOND);
    }
}

#[tokio::test]
async fn what_was_invalidated_has_ended() {
    let server = Server::new();
    for cookies in all_cookies(&server).await {
        for steps in [[Look, Invalidate], [Invalidate, Insert(1)], [Invalidate, LogIn("ann")]] {
            let Outcome { persistence, expires_at, .. } = outcome(&server, &cookies, steps.to_vec()).await;
            assert_eq!((persistence, expires_at), (Persistence::Ended, None), "{:?}", cookies.brings);
        }
    }
}

#[tokio::test]
async fn after_the_answer_a_handler_is_told_that_it_is_too_late() {
    for (headers, expires) in [(vec![], true), (vec![("sec-fetch-site", "cross-site")], false)] {
        let server = Server::new();
        let kept = Arc::new(Mutex::new(None));
        let keeps = Arc::clone(&kept);
        let answer = server
            .act(&headers, move |session| {
                session.insert("a", &1).unwrap();
                let expected = match expires {
                    true => Persistence::Sent,
                    false => Persistence::RequestOnly(LeftInPlace::HeldBack),
                };
                assert_eq!(session.persistence(), expected);
                *keeps.lock().unwrap() = Some(session.clone());
            })
            .await;
        assert_eq!(answer.sets(), expires);
        let session: Session = kept.lock().unwrap().take().unwrap();
        assert!(session.insert("a", &2).is_err());
        assert_eq!(session.persistence(), Persistence::TooLate);
        assert_eq!(session.expires_at().is_some(), expires, "what was sent lives on");
        server.clock.advance(DAY);
        assert_eq!((session.persistence(), session.expires_at()), (Persistence::TooLate, None));
    }
}
