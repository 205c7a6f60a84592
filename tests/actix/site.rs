//! A site to test: routes that do one thing each with the session, and what a client sees of them.

use actix_session::config::{PersistentSession, SessionMiddlewareBuilder};
use actix_session::{Session, SessionExt};
use actix_web::cookie::time::Duration;
use actix_web::http::Method;
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpResponse, HttpServer, Result, guard, web};
use reqwest::header::{COOKIE, SET_COOKIE};
use sealed_session::adapter::actix::{SealedSessionStore, extend_on_every_request};
use sealed_session::hazmat::ManualClock;
use sealed_session::{KeyRing, OpenedSession, Root, RootSecret, SealedStore, SealedStoreBuilder, SessionId};
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

type Middleware = SessionMiddlewareBuilder<SealedSessionStore>;

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
        Self { url: serve(sessions.clone(), settings, extending), clock, sessions }
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
    settings: impl Fn(Middleware) -> Middleware + Send + Clone + 'static,
    extending: bool,
) -> String {
    let app = move || {
        let middleware = settings(sessions.middleware().cookie_secure(false)).build();
        App::new()
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
        .route("/count", web::post().to(count))
        .route("/login/{user}", web::post().to(log_in))
        .route("/logout", web::post().to(log_out))
        .route("/fill/{chars}", web::post().to(fill))
        .route("/do/{actions}", web::post().to(act))
        .service(web::scope("/protected").guard(logged_in).route("/", web::get().to(index)));
}

async fn index(session: Session) -> Result<HttpResponse> {
    let user_id: Option<String> = session.get("user_id")?;
    let counter = session.get::<u32>("counter")?.unwrap_or(0);
    Ok(HttpResponse::Ok().json(json!({"user_id": user_id, "counter": counter})))
}

async fn count(session: Session) -> Result<HttpResponse> {
    let counter = session.get::<u32>("counter")?.unwrap_or(0) + 1;
    session.insert("counter", counter)?;
    index(session).await
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
