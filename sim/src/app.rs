//! The application: one handler that does what the script says, and reports what it saw.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use http::{Request, Response, StatusCode};
use sealed_session::SessionUid;
use sealed_session::http::{FlashLevel, LeftInPlace, Persistence, Session};

use crate::script::{Ask, Op, Outcome};

/// What a handler sees of its session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    pub uid: Option<SessionUid>,
    pub user: Option<String>,
    pub items: Vec<u64>,
    pub kept: Option<LeftInPlace>,
}

/// What a handler reports, in order.
#[derive(Debug, Clone)]
pub enum Report {
    Saw(View),
    /// It begins with something that may take its time.
    Does {
        op: Op,
        before: View,
    },
    Did {
        op: Op,
        before: View,
        after: View,
        went_well: bool,
    },
    Last(View),
}

/// What a handler is to do.
pub struct Plan {
    pub ask: Ask,
    /// Items have numbers that nothing else has.
    pub first_item: u64,
    pub goes_on: AtomicBool,
    pub reports: Mutex<Vec<Report>>,
}

impl Plan {
    pub fn new(ask: Ask, first_item: u64) -> Self {
        Self { ask, first_item, goes_on: AtomicBool::new(false), reports: Mutex::default() }
    }

    fn report(&self, report: Report) {
        self.reports.lock().expect("no handler panics with it").push(report);
    }
}

pub fn user_name(user: u8) -> String {
    ["ann", "bob", "cid"][usize::from(user) % 3].to_owned()
}

fn view(session: &Session) -> View {
    View {
        uid: session.uid(),
        user: session.user_id(),
        items: session.get("items").ok().flatten().unwrap_or_default(),
        kept: match session.persistence() {
            Persistence::RequestOnly(why) => Some(why),
            _ => None,
        },
    }
}

/// The handler.
pub async fn handle(request: Request<()>) -> Result<Response<()>, std::convert::Infallible> {
    let plan = Arc::clone(request.extensions().get::<Arc<Plan>>().expect("the world gives it"));
    let session = request.extensions().get::<Session>().expect("the layer gives it").clone();
    plan.report(Report::Saw(view(&session)));
    let first = plan.ask.first.len() as u64;
    for (op, item) in plan.ask.first.iter().zip(plan.first_item..) {
        act(&plan, &session, *op, item).await;
    }
    if plan.ask.handler_ms > 0 || plan.ask.outcome == Outcome::Dropped {
        poll_fn(|_| if plan.goes_on.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
    for (op, item) in plan.ask.rest.iter().zip(plan.first_item + first..) {
        act(&plan, &session, *op, item).await;
    }
    plan.report(Report::Last(view(&session)));
    let mut response = Response::new(());
    *response.status_mut() = match plan.ask.outcome {
        Outcome::Ok | Outcome::Dropped => StatusCode::OK,
        Outcome::NotFound => StatusCode::NOT_FOUND,
        Outcome::ServerError => StatusCode::BAD_GATEWAY,
        Outcome::TimeOut => StatusCode::REQUEST_TIMEOUT,
        Outcome::Panic => panic!("{WANTED}"),
    };
    if plan.ask.public {
        let public = http::HeaderValue::from_static("public, max-age=60");
        response.headers_mut().insert(http::header::CACHE_CONTROL, public);
    }
    Ok(response)
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
        Op::Flash => session.flash(FlashLevel::Info, "hello").is_ok(),
        Op::TakeFlashes => session.take_flashes().is_ok(),
        Op::Csrf => session.csrf_token().is_ok(),
        Op::Login(user) => session.authenticate(&user_name(user)).is_ok(),
        Op::Logout => session.logout().is_ok(),
        Op::Everywhere => session.logout_everywhere().await.is_ok(),
        Op::Others => session.logout_others().await.is_ok(),
        Op::Cycle => session.cycle().is_ok(),
    };
    plan.report(Report::Did { op, before, after: view(session), went_well });
}
