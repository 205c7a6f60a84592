//! A site to test: routes that do one thing each with the session, and what a client sees of them.

use std::future::{Future as _, poll_fn};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::pin::pin;
use std::task::Poll;

use actix_session::config::PersistentSession;
use actix_session::{Session, SessionExt};
use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Condition, Next, from_fn};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Result, guard, web};
use reqwest::header::{COOKIE, SET_COOKIE};
use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, OpenedSession, Root, RootSecret, SealedStore, SealedStoreBuilder, SessionId};
use sealed_session_actix::{
    SealedMiddlewareBuilder, SealedSessionStore, cookies_as_sent, extend_on_every_request,
    log_in as begin_login,
};
use serde_json::{Value, json};

pub(crate) const NOON: u64 = 1_795_003_200_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const NAME: &str = "session";

/// What precedes a token in a signed cookie, without escapes.
const SIGNATURE_CHARS: usize = 44;

/// A server on a free port of this machine, for as long as the test runs.
pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    pub(crate) sessions: SealedSessionStore,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    set: Vec<String>,
    pub(crate) body: String,
}

/// A client that keeps cookies, as browsers do.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

pub(crate) fn root(number: u8) -> Root {
    Root::new(RootSecret::from_bytes(&[number; 32]).unwrap()).activating_at(number.into())
}

pub(crate) fn ring(roots: Vec<Root>) -> KeyRing {
    KeyRing::new(roots).unwrap()
}

/// The stores of these tests, all alike. The cookie has to come back over http, so it has no `__Host-`.
pub(crate) fn builder(clock: &ManualClock) -> SealedStoreBuilder {
    SealedStore::builder(ring(vec![root(1)])).clock(clock.clone()).cookie_name(NAME)
}

/// A TTL of so many seconds, which the browser is told as well.
pub(crate) fn persistent(seconds: i64) -> PersistentSession {
    PersistentSession::default().session_ttl(Duration::seconds(seconds))
}

type Middleware = SealedMiddlewareBuilder;

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|middleware| middleware).await
    }

    pub(crate) async fn with(settings: impl Fn(Middleware) -> Middleware + Send + Clone + 'static) -> Self {
        Self::of(|store| store, settings, false).await
    }

    pub(crate) async fn of(
        store: impl FnOnce(SealedStoreBuilder) -> SealedStoreBuilder,
        settings: impl Fn(Middleware) -> Middleware + Send + Clone + 'static,
        extending: bool,
    ) -> Self {
        let clock = ManualClock::at(NOON);
        let sessions = SealedSessionStore::new(store(builder(&clock))).unwrap();
        Self::over(sessions, clock, settings, extending)
    }

    pub(crate) fn over(
        sessions: SealedSessionStore,
        clock: ManualClock,
        settings: impl Fn(Middleware) -> Middleware + Send + Clone + 'static,
        extending: bool,
    ) -> Self {
        Self { url: serve(sessions.clone(), clock.clone(), settings, extending), clock, sessions }
    }

    /// A request with these headers `Cookie`, whatever their bytes are: clients refuse to send some.
    pub(crate) fn raw(&self, method: &str, path: &str, cookies: &[&[u8]]) -> Reply {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
        for cookie in cookies {
            request.extend([b"Cookie: ", *cookie, b"\r\n"].concat());
        }
        request.extend(b"Content-Length: 0\r\n\r\n");
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(&request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        Reply::parse(&answer)
    }

    /// A client with a cookie store.
    pub(crate) fn client(&self) -> Client {
        let http = reqwest::Client::builder().cookie_store(true).build().unwrap();
        Client { http, url: self.url.clone() }
    }

    /// A request with this cookie, by a client that keeps none.
    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Reply {
        self.send(Method::GET, path, cookie).await
    }

    /// A request without a cookie, as a browser describes where it comes from.
    pub(crate) async fn send_from(&self, method: Method, path: &str, headers: [&str; 3]) -> Reply {
        let method = reqwest::Method::from_bytes(method.as_str().as_bytes()).unwrap();
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        for (name, value) in ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"].into_iter().zip(headers) {
            request = request.header(name, value);
        }
        Reply::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str) -> Reply {
        self.send(Method::POST, path, cookie).await
    }

    async fn send(&self, method: Method, path: &str, cookie: &str) -> Reply {
        let method = reqwest::Method::from_bytes(method.as_str().as_bytes()).unwrap();
        let request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        Reply::of(request.header(COOKIE, cookie).send().await.unwrap()).await
    }

    /// What the server's store says of a signed cookie.
    pub(crate) fn open(&self, cookie: &str) -> OpenedSession {
        self.sessions.store().open(&SessionId::new(token(cookie))).unwrap()
    }
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        Reply::of(self.http.post(format!("{}{path}", self.url)).send().await.unwrap()).await
    }
}

impl Reply {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let set = response.headers().get_all(SET_COOKIE).iter();
        let set = set.map(|value| value.to_str().unwrap().to_owned()).collect();
        Self { status, set, body: response.text().await.unwrap() }
    }

    fn parse(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let set = head.lines().filter_map(|line| line.split_once(": "));
        let set = set.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let set = set.map(|(_, value)| value.to_owned()).collect();
        Self { status: head.split(' ').nth(1).unwrap().parse().unwrap(), set, body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("what the handler says")
    }

    pub(crate) fn sets_nothing(&self) -> bool {
        self.set.is_empty()
    }

    /// The only cookie that is set, with its attributes.
    pub(crate) fn set_cookie(&self) -> &str {
        assert_eq!(self.set.len(), 1, "{self:?}");
        &self.set[0]
    }

    /// `name=value` of it.
    pub(crate) fn cookie(&self) -> &str {
        self.set_cookie().split(';').next().unwrap()
    }

    pub(crate) fn max_age(&self) -> Option<u64> {
        let attribute = self.set_cookie().split("; ").find_map(|part| part.strip_prefix("Max-Age="))?;
        Some(attribute.parse().unwrap())
    }

    pub(crate) fn removes(&self) -> bool {
        self.cookie() == format!("{NAME}=") && self.max_age() == Some(0)
    }

    /// Whose session it is, and how far it has counted.
    pub(crate) fn says(&self, user: Option<&str>, counter: u32) {
        assert_eq!(self.json(), json!({"user_id": user, "counter": counter}), "{self:?}");
    }
}

/// The token of a signed cookie, `name=value` as it is sent.
pub(crate) fn token(cookie: &str) -> &str {
    let value = cookie.split_once('=').unwrap().1;
    let escapes = value.matches('%').count();
    &value[SIGNATURE_CHARS + 2 * escapes..]
}

fn serve(
    sessions: SealedSessionStore,
    clock: ManualClock,
    settings: impl Fn(Middleware) -> Middleware + Send + Clone + 'static,
    extending: bool,
) -> String {
    let app = move || {
        let middleware = settings(sessions.middleware().cookie_secure(false)).build();
        App::new()
            .app_data(web::Data::new(clock.clone()))
            .app_data(web::Data::new(sessions.clone()))
            .wrap(Condition::new(extending, from_fn(extend_on_every_request)))
            .wrap(middleware)
            .configure(routes)
    };
    let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());
    url
}

fn routes(app: &mut web::ServiceConfig) {
    let logged_in = guard::fn_guard(|request| request.get_session().contains_key("user_id"));
    app.route("/", web::get().to(index))
        .route("/untouched", web::get().to(|| async { "ok" }))
        .route("/slow/{seconds}", web::get().to(take))
        .route("/slow/{seconds}/count", web::post().to(take_and_count))
        .route("/count", web::post().to(count))
        .route("/count", web::get().to(count))
        .route("/login/{user}", web::post().to(log_in))
        .route("/logout", web::post().to(log_out))
        .route("/fill/{chars}", web::post().to(fill))
        .route("/login-as/{user}", web::post().to(log_in_as))
        .route("/failing/{actions}/{status}", web::post().to(fail))
        .service(
            web::resource("/cut-off/{actions}")
                .wrap(from_fn(cut_off))
                .route(web::post().to(act_and_never_answer)),
        )
        .route("/cookies", web::get().to(show_cookies))
        .route("/do/{actions}", web::post().to(act))
        .route("/without-the-first-root/{flagged}/{actions}", web::post().to(act_without_the_first_root))
        .service(web::scope("/protected").guard(logged_in).route("/", web::get().to(index)));
}

pub(crate) async fn index(session: Session) -> Result<HttpResponse> {
    let user_id: Option<String> = session.get("user_id")?;
    let counter = session.get::<u32>("counter")?.unwrap_or(0);
    Ok(HttpResponse::Ok().json(json!({"user_id": user_id, "counter": counter})))
}

async fn count(session: Session) -> Result<HttpResponse> {
    let counter = session.get::<u32>("counter")?.unwrap_or(0) + 1;
    session.insert("counter", counter)?;
    index(session).await
}

/// A handler that takes so many seconds.
async fn take(
    session: Session,
    clock: web::Data<ManualClock>,
    seconds: web::Path<u64>,
) -> Result<HttpResponse> {
    clock.advance(*seconds * SECOND);
    index(session).await
}

async fn take_and_count(
    session: Session,
    clock: web::Data<ManualClock>,
    seconds: web::Path<u64>,
) -> Result<HttpResponse> {
    clock.advance(*seconds * SECOND);
    count(session).await
}

async fn log_in(session: Session, user: web::Path<String>) -> Result<HttpResponse> {
    session.insert("user_id", user.into_inner())?;
    session.renew();
    index(session).await
}

async fn log_out(session: Session) -> &'static str {
    session.purge();
    "bye"
}

async fn fill(session: Session, chars: web::Path<usize>) -> Result<&'static str> {
    session.insert("filler", "x".repeat(*chars))?;
    Ok("filled")
}

/// Does one thing after the other to the session; shows what is in it then.
async fn act(session: Session, actions: web::Path<String>) -> Result<HttpResponse> {
    for action in actions.split('.') {
        match action {
            "insert" => session.insert("b", 2)?,
            "remove" => drop(session.remove("a")),
            "clear" => session.clear(),
            "purge" => session.purge(),
            "renew" => session.renew(),
            other => unreachable!("{other}"),
        }
    }
    Ok(HttpResponse::Ok().json(session.entries().clone()))
}

/// Does the same after an operator has put another ring in place: with the first root as one that is revoked, or not at
/// all.
async fn act_without_the_first_root(
    session: Session,
    sessions: web::Data<SealedSessionStore>,
    path: web::Path<(bool, String)>,
) -> Result<HttpResponse> {
    let (flagged, actions) = path.into_inner();
    let first = flagged.then(|| root(1).revoked());
    sessions.store().replace_ring(ring(first.into_iter().chain([root(2)]).collect())).unwrap();
    act(session, web::Path::from(actions)).await
}

async fn log_in_as(session: Session, user: web::Path<String>) -> Result<HttpResponse> {
    begin_login(&session, "user_id", &user)?;
    index(session).await
}

/// Does the same as `act`, and answers with this status.
async fn fail(session: Session, path: web::Path<(String, u16)>) -> Result<HttpResponse> {
    let (actions, status) = path.into_inner();
    act(session, web::Path::from(actions)).await?;
    Ok(HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish())
}

async fn act_and_never_answer(session: Session, actions: web::Path<String>) -> Result<HttpResponse> {
    act(session, actions).await?;
    std::future::pending().await
}

/// Drops the handler as soon as it waits, and says 408.
async fn cut_off(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>> {
    let mut handler = pin!(next.call(request));
    let first = poll_fn(|context| Poll::Ready(handler.as_mut().poll(context))).await;
    match first {
        Poll::Ready(answer) => answer,
        Poll::Pending => Err(InternalError::new("cut off", StatusCode::REQUEST_TIMEOUT).into()),
    }
}

/// The cookies as the framework reads them, and the headers as they were sent.
async fn show_cookies(request: HttpRequest) -> HttpResponse {
    let read = request.cookies().unwrap();
    let read: Vec<String> = read.iter().map(ToString::to_string).collect();
    let sent: Vec<String> =
        cookies_as_sent(&request).iter().map(|value| value.as_bytes().escape_ascii().to_string()).collect();
    HttpResponse::Ok().json(json!({"read": read, "sent": sent}))
}
