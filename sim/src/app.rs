//! The application: one handler that does what the script says, and reports what it saw.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use sealed_session::SessionUid;
use sealed_session::http::{FlashLevel, LeftInPlace, Persistence, Session};

use crate::cache::{ETAG, Words};
use crate::op::Op;
use crate::request::Body;
use crate::script::{Ask, MINUTE, Outcome};
use crate::value::{Found, Hard};

/// What a handler sees of its session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    pub uid: Option<SessionUid>,
    pub user: Option<String>,
    pub items: Vec<u64>,
    /// What an account switcher keeps.
    pub carried: Vec<u64>,
    pub blob: usize,
    pub value: Option<String>,
    pub kept: Option<LeftInPlace>,
    /// What is stored is sent.
    pub is_sent: bool,
    /// Its device has proved itself.
    pub bound: bool,
    /// Or has not.
    pub unproven: bool,
}

/// What a handler reports, in order.
#[derive(Debug, Clone)]
pub enum Report {
    /// A handler was called.
    Reached,
    Saw(View),
    /// It begins with something that may take its time.
    Does {
        op: Op,
        before: View,
    },
    Did {
        op: Op,
        item: u64,
        before: View,
        after: View,
        went_well: bool,
    },
    /// A token for a form.
    Token {
        uid: Option<SessionUid>,
        token: String,
    },
    /// Flash messages that were read.
    Flashes {
        user: Option<String>,
        items: Vec<u64>,
    },
    /// The registry's answer.
    Listed {
        user: Option<String>,
        sessions: Vec<SessionUid>,
    },
    EndedListed(EndedListed),
    /// What a middleware saw in the second session, and whether it has counted on.
    Counted {
        seen: u64,
        counted: bool,
    },
    Last(View),
}

/// What came of ending a session by its uid.
#[derive(Debug, Clone)]
pub struct EndedListed {
    pub user: Option<String>,
    pub uid: SessionUid,
    /// It is the one that asks.
    pub own: bool,
    /// Whether there was one, if that is known.
    pub answer: Option<bool>,
}

/// What a handler is to do.
pub struct Plan {
    pub ask: Ask,
    /// Items have numbers that nothing else has.
    pub first_item: u64,
    /// A session of somebody else.
    pub foreign: Option<SessionUid>,
    /// A cache asks whether what it has is still good.
    pub revalidates: bool,
    pub goes_on: AtomicBool,
    /// What a handler may keep for longer than it should.
    pub session: Mutex<Option<Session>>,
    pub reports: Mutex<Vec<Report>>,
}

impl Plan {
    pub fn new(ask: Ask, first_item: u64) -> Self {
        Self {
            ask,
            first_item,
            foreign: None,
            revalidates: false,
            goes_on: AtomicBool::new(false),
            session: Mutex::default(),
            reports: Mutex::default(),
        }
    }

    pub fn report(&self, report: Report) {
        self.reports.lock().expect("no handler panics with it").push(report);
    }
}

pub fn user_name(user: u8) -> String {
    ["ann", "bob", "cid"][usize::from(user) % 3].to_owned()
}

fn view(session: &Session) -> View {
    let persistence = session.persistence();
    View {
        uid: session.uid(),
        user: session.user_id(),
        items: session.get("items").ok().flatten().unwrap_or_default(),
        carried: session.get("carried").ok().flatten().unwrap_or_default(),
        blob: session.get::<String>("blob").ok().flatten().unwrap_or_default().len(),
        value: session.get::<Found>("value").ok().flatten().map(|found| found.text()),
        kept: match persistence {
            Persistence::RequestOnly(why) => Some(why),
            _ => None,
        },
        is_sent: persistence == Persistence::Sent,
        bound: session.is_device_bound(),
        unproven: session.lacks_device_proof(),
    }
}

/// The handler.
pub async fn handle(request: Request<Body>) -> Result<Response<String>, std::convert::Infallible> {
    let asks_again = request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| known == ETAG);
    let plan = Arc::clone(request.extensions().get::<Arc<Plan>>().expect("the world gives it"));
    let session = request.extensions().get::<Session>().expect("the layer gives it").clone();
    *plan.session.lock().expect("no handler panics with it") = Some(session.clone());
    plan.report(Report::Reached);
    if plan.ask.looks_late {
        waits(&plan).await;
    }
    plan.report(Report::Saw(view(&session)));
    let first = plan.ask.first.len() as u64;
    for (op, item) in plan.ask.first.iter().zip(plan.first_item..) {
        act(&plan, &session, *op, item).await;
    }
    waits(&plan).await;
    for (op, item) in plan.ask.rest.iter().zip(plan.first_item + first..) {
        act(&plan, &session, *op, item).await;
    }
    plan.report(Report::Last(view(&session)));
    let mut response = Response::new(String::new());
    *response.status_mut() = match plan.ask.outcome {
        Outcome::Ok | Outcome::Dropped if asks_again => StatusCode::NOT_MODIFIED,
        Outcome::Ok | Outcome::Dropped => StatusCode::OK,
        Outcome::NotFound => StatusCode::NOT_FOUND,
        Outcome::ServerError => StatusCode::BAD_GATEWAY,
        Outcome::TimeOut => StatusCode::REQUEST_TIMEOUT,
        Outcome::Panic => panic!("{WANTED}"),
    };
    response.headers_mut().insert(header::ETAG, ETAG);
    plan.ask.words.say(response.headers_mut());
    if plan.ask.public {
        Words::Public.say(response.headers_mut());
    }
    Ok(response)
}

/// Until the world lets it go on.
async fn waits(plan: &Plan) {
    if plan.ask.handler_ms > 0 || plan.ask.outcome == Outcome::Dropped {
        poll_fn(|_| if plan.goes_on.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// The text of panics that a script asks for.
pub const WANTED: &str = "the script says so";

async fn act(plan: &Plan, session: &Session, op: Op, item: u64) {
    let before = view(session);
    plan.report(Report::Does { op, before: before.clone() });
    let went_well = match op {
        Op::Put => {
            let mut items = before.items.clone();
            items.push(item);
            session.insert("items", &items[items.len().saturating_sub(10)..]).is_ok()
        }
        Op::Carry => session.insert("carried", &[item]).is_ok(),
        Op::Blob(len) => session.insert("blob", &"x".repeat(len.into())).is_ok(),
        Op::Fill => fill(session),
        Op::Value(which) => session.insert("value", &Hard::new(which)).is_ok(),
        Op::Clear => session.clear().is_ok(),
        Op::Flash => session.flash(FlashLevel::Info, item.to_string()).is_ok(),
        Op::TakeFlashes => {
            let flashes = session.take_flashes().unwrap_or_default();
            let items = flashes.iter().filter_map(|flash| flash.text.parse().ok()).collect();
            plan.report(Report::Flashes { user: session.user_id(), items });
            true
        }
        Op::Csrf => match session.csrf_token() {
            Ok(token) => {
                plan.report(Report::Token { uid: session.uid(), token });
                true
            }
            Err(_) => false,
        },
        Op::Login(user) => session.authenticate(&user_name(user)).is_ok(),
        Op::Switch(user) => session.authenticate_keeping(&user_name(user), &["carried"]).is_ok(),
        Op::Logout => session.logout().is_ok(),
        Op::Invalidate => session.invalidate().is_ok(),
        Op::Ttl(minutes) => session.set_ttl(Duration::from_millis(u64::from(minutes) * MINUTE)).is_ok(),
        Op::Anyway => session.begin_anyway().is_ok(),
        Op::Everywhere => session.logout_everywhere().await.is_ok(),
        Op::Others => session.logout_others().await.is_ok(),
        Op::Cycle => session.cycle().is_ok(),
        Op::List => listed(plan, session).await.is_some(),
        Op::EndListed(which) => {
            let sessions = listed(plan, session).await.unwrap_or_default();
            let which = usize::from(which).checked_rem(sessions.len());
            end(plan, session, which.and_then(|which| sessions.get(which).copied())).await
        }
        Op::EndForeign => end(plan, session, plan.foreign).await,
    };
    plan.report(Report::Did { op, item, before, after: view(session), went_well });
}

/// The longest text that there is room for.
fn fill(session: &Session) -> bool {
    let (mut fits, mut too_long) = (0, 8192);
    while too_long - fits > 1 {
        let len = (fits + too_long) / 2;
        match session.insert("blob", &"x".repeat(len)) {
            Ok(()) => fits = len,
            Err(_) => too_long = len,
        }
    }
    fits > 0
}

async fn listed(plan: &Plan, session: &Session) -> Option<Vec<SessionUid>> {
    let user = session.user_id();
    let sessions: Vec<_> = session.list_my_sessions().await.ok()?.iter().map(|listed| listed.uid).collect();
    plan.report(Report::Listed { user, sessions: sessions.clone() });
    Some(sessions)
}

async fn end(plan: &Plan, session: &Session, uid: Option<SessionUid>) -> bool {
    let Some(uid) = uid else { return true };
    let (user, own) = (session.user_id(), session.uid() == Some(uid));
    let answer = session.revoke(uid).await.ok();
    plan.report(Report::EndedListed(EndedListed { user, uid, own, answer }));
    answer.is_some()
}

/// What a task or a body does that has kept the session, once the headers of the answer have gone: whether none of it is
/// taken.
pub fn comes_too_late(plan: &Plan) -> bool {
    let session = plan.session.lock().expect("nothing panics with it").clone();
    let Some(session) = session else { return true };
    let before = view(&session);
    let refused = plan.ask.afterwards.iter().all(|op| match *op {
        Op::Put => session.insert("items", &[0]).is_err(),
        Op::Flash => session.flash(FlashLevel::Info, "late").is_err(),
        Op::Login(user) => session.authenticate(&user_name(user)).is_err(),
        Op::Logout => session.logout().is_err(),
        Op::Invalidate => session.invalidate().is_err(),
        Op::Cycle => session.cycle().is_err(),
        Op::Clear => session.clear().is_err(),
        Op::Anyway => session.begin_anyway().is_err(),
        Op::Csrf => session.csrf_token().is_err(),
        Op::Ttl(_) => session.set_ttl(Duration::ZERO).is_err(),
        _ => true,
    });
    let after = view(&session);
    refused && after.has_data_of(&before) && (after.uid, after.user) == (before.uid, before.user)
}
