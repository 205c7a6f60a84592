//! A site that binds sessions to devices, and a browser with a key. The cookies are `Secure` and the server speaks
//! http, so the jar is one that keeps and sends all of them.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Method;
use reqwest::header::COOKIE;
use sealed_session::hazmat::ManualClock;
use sealed_session::http::{CsrfLayer, DeviceSettings, Session, SessionLayer, SessionLayerBuilder};
use sealed_session::{KeyRing, SealedStore};
use serde_json::{Value, json};

use crate::device::Device;
use crate::site::{self, NOON, Reply, root, routes};

pub(crate) const ORDINARY: &str = "__Host-session";
pub(crate) const BOUND: &str = "__Host-session-bound";
pub(crate) const PENDING: &str = "__Host-session-new";
pub(crate) const PROOF: &str = "__Host-session-proof";
/// The default life of a proof.
pub(crate) const PROOF_TTL: u64 = 10 * site::MINUTE;

pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    pub(crate) store: SealedStore,
}

/// Its clone is a copy of all its cookies, which keeps the device's key as well.
#[derive(Clone)]
pub(crate) struct Browser {
    http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) jar: BTreeMap<String, String>,
    key: u8,
    /// Whom it refreshes, and what it signs next.
    pub(crate) identifier: String,
    pub(crate) challenge: String,
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(|device| device).await
    }

    pub(crate) async fn with(device: impl FnOnce(DeviceSettings) -> DeviceSettings) -> Self {
        Self::of(|layer| layer, device).await
    }

    pub(crate) async fn of(
        layer: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
        device: impl FnOnce(DeviceSettings) -> DeviceSettings,
    ) -> Self {
        let clock = ManualClock::at(NOON);
        let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).clock(clock.clone());
        Self::over(store.build().unwrap(), clock, layer, device, app()).await
    }

    pub(crate) async fn over(
        store: SealedStore,
        clock: ManualClock,
        layer: impl FnOnce(SessionLayerBuilder) -> SessionLayerBuilder,
        device: impl FnOnce(DeviceSettings) -> DeviceSettings,
        app: Router,
    ) -> Self {
        let layer = layer(SessionLayer::builder(store.clone())).build().unwrap();
        let url = site::serve(app.layer(layer.device_bound(device).unwrap())).await;
        Self { url, clock, store }
    }

    /// The only key still opens, and does not seal for two days.
    pub(crate) fn stop_sealing(&self) {
        let ring = KeyRing::new(vec![root(1).activating_at(NOON + 2 * site::DAY)]).unwrap();
        self.store.replace_ring(ring).unwrap();
    }

    pub(crate) fn seal_again(&self) {
        self.store.replace_ring(KeyRing::new(vec![root(1)]).unwrap()).unwrap();
    }

    /// With the key of this number.
    pub(crate) fn browser(&self, key: u8) -> Browser {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (url, jar) = (self.url.clone(), BTreeMap::new());
        Browser { http, url, jar, key, identifier: String::new(), challenge: String::new() }
    }

    /// One whose session has moved to its device.
    pub(crate) async fn bound(&self, key: u8, user: &str) -> Browser {
        let mut browser = self.registered(key, user).await;
        assert_eq!(browser.sees().await, bound_to(user));
        browser
    }

    /// One that has registered, and has not come back yet.
    pub(crate) async fn registered(&self, key: u8, user: &str) -> Browser {
        let mut browser = self.browser(key);
        browser.log_in(user).await;
        assert_eq!(browser.register().await.status, 200);
        browser
    }
}

/// What the other tests of the web layer ask of a site, and what a session has to do with a device.
pub(crate) fn app() -> Router {
    let guarded = post(|| async {}).layer(CsrfLayer::new());
    let routes = routes().route("/device", get(device)).route("/guarded", guarded);
    routes.fallback(|| async { (StatusCode::IM_A_TEAPOT, "the application") })
}

async fn device(session: Session) -> Json<Value> {
    Json(json!({
        "user": session.user_id(),
        "data": session.load::<Value>().unwrap(),
        "uid": session.uid().map(|uid| uid.to_string()),
        "id": session.id(),
        "bound": session.is_device_bound(),
        "unproven": session.lacks_device_proof(),
    }))
}

impl Browser {
    pub(crate) fn device(&self) -> Device {
        Device::new(self.key)
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.request(Method::GET, path, &[]).await
    }

    pub(crate) async fn post(&mut self, path: &str) -> Reply {
        self.post_with(path, &[]).await
    }

    pub(crate) async fn post_with(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.request(Method::POST, path, headers).await
    }

    /// Sends the cookies of the jar, and keeps what the answer says of them.
    pub(crate) async fn request(&mut self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !self.jar.is_empty() {
            request = request.header(COOKIE, self.cookies());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = Reply::of(request.send().await.unwrap()).await;
        self.keep(&reply);
        reply
    }

    /// All of them, as it sends them.
    pub(crate) fn cookies(&self) -> String {
        self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// What an answer says of the cookies reaches the browser.
    pub(crate) fn keep(&mut self, reply: &Reply) {
        for set in reply.set_cookies() {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            match set.contains("; Max-Age=0;") {
                true => drop(self.jar.remove(name)),
                false => drop(self.jar.insert(name.to_owned(), value.to_owned())),
            }
        }
        if let Some(offered) = offered(reply) {
            self.challenge = offered;
        }
    }

    pub(crate) async fn log_in(&mut self, user: &str) -> Reply {
        self.post(&format!("/login/{user}")).await
    }

    /// Registers by the challenge that came last.
    pub(crate) async fn register(&mut self) -> Reply {
        let proof = self.device().registration(&self.challenge);
        self.register_with(&proof).await
    }

    pub(crate) async fn register_with(&mut self, proof: &str) -> Reply {
        let reply = self.post_with("/dbsc/register", &[("Secure-Session-Response", proof)]).await;
        if reply.status == 200 {
            self.identifier = json(&reply)["session_identifier"].as_str().unwrap().to_owned();
            self.challenge = challenge(&reply, &self.identifier);
        }
        reply
    }

    /// Asks for a challenge.
    pub(crate) async fn ask(&mut self) -> Reply {
        let identifier = self.identifier.clone();
        let reply = self.post_with("/dbsc/refresh", &[("Sec-Secure-Session-Id", &identifier)]).await;
        self.take_challenge(reply)
    }

    /// Refreshes by the challenge that came last.
    pub(crate) async fn refresh(&mut self) -> Reply {
        let proof = self.device().refresh(&self.challenge);
        self.refresh_with(&proof).await
    }

    pub(crate) async fn refresh_with(&mut self, proof: &str) -> Reply {
        let identifier = self.identifier.clone();
        let headers = [("Sec-Secure-Session-Id", identifier.as_str()), ("Secure-Session-Response", proof)];
        let reply = self.post_with("/dbsc/refresh", &headers).await;
        self.take_challenge(reply)
    }

    fn take_challenge(&mut self, reply: Reply) -> Reply {
        if [200, 403].contains(&reply.status) {
            self.challenge = challenge(&reply, &self.identifier);
        }
        reply
    }

    /// What the server knows of the session.
    pub(crate) async fn state(&mut self) -> Value {
        json(&self.get("/device").await)
    }

    pub(crate) async fn sees(&mut self) -> Sees {
        let state = self.state().await;
        let [bound, unproven] = ["bound", "unproven"].map(|name| state[name].as_bool().unwrap());
        (state["user"].as_str().map(str::to_owned), bound, unproven)
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.jar.keys().map(String::as_str).collect()
    }

    pub(crate) fn cookie(&self, name: &str) -> (String, String) {
        (name.to_owned(), self.jar[name].clone())
    }

    pub(crate) fn forget(&mut self, name: &str) {
        self.jar.remove(name).unwrap();
    }
}

/// The user, whether the session is bound, and whether only a proof is missing.
pub(crate) type Sees = (Option<String>, bool, bool);

/// What [`Browser::sees`] of a user's session on its device.
pub(crate) fn bound_to(user: &str) -> Sees {
    (Some(user.to_owned()), true, false)
}

/// What it sees of a session without a device.
pub(crate) fn unbound(user: &str) -> Sees {
    (Some(user.to_owned()), false, false)
}

pub(crate) const NOBODY: Sees = (None, false, false);
pub(crate) const UNPROVEN: Sees = (None, false, true);

pub(crate) fn json(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

/// The only header of this name.
pub(crate) fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let mut all = reply.headers.get_all(name).iter();
    let first = all.next();
    assert!(all.next().is_none(), "{name} once: {reply:?}");
    first.map(|value| value.to_str().unwrap())
}

/// The challenge of an offer, which has exactly one spelling.
pub(crate) fn offered(reply: &Reply) -> Option<String> {
    offered_at(reply, "/dbsc/register")
}

pub(crate) fn offered_at(reply: &Reply, path: &str) -> Option<String> {
    let offer = header(reply, "secure-session-registration")?;
    let rest = offer.strip_prefix(&format!(r#"(ES256);path="{path}";challenge=""#))?;
    Some(text(rest.strip_suffix('"').unwrap()))
}

/// The challenge for a refresh, which has exactly one spelling too.
pub(crate) fn challenge(reply: &Reply, identifier: &str) -> String {
    let value = header(reply, "secure-session-challenge").expect("a challenge");
    let rest = value.strip_prefix('"').unwrap();
    text(rest.strip_suffix(&format!(r#"";id="{identifier}""#)).unwrap())
}

/// Characters that mean nothing in a header.
fn text(value: &str) -> String {
    assert!(
        value.len() > 100 && value.bytes().all(|octet| crate::common::ALPHABET.contains(&octet)),
        "{value}"
    );
    value.to_owned()
}

/// The one `Set-Cookie` of this name, without its value, and the value.
pub(crate) fn set<'r>(reply: &'r Reply, name: &str) -> (&'r str, &'r str) {
    let start = format!("{name}=");
    let all: Vec<_> = reply.set_cookies().into_iter().filter_map(|set| set.strip_prefix(&start)).collect();
    assert_eq!(all.len(), 1, "{name} is set once: {reply:?}");
    let (value, attributes) = all[0].split_once("; ").unwrap();
    (attributes, value)
}

/// The names of the cookies that are set or removed, sorted.
pub(crate) fn names_set(reply: &Reply) -> Vec<&str> {
    let mut names: Vec<_> =
        reply.set_cookies().into_iter().map(|set| set.split('=').next().unwrap()).collect();
    names.sort_unstable();
    names
}

/// Whether the browser is told to go on with nothing: the tombstone, and no proof.
pub(crate) fn is_told_of_end(reply: &Reply) -> bool {
    set(reply, BOUND).1 == "ended" && reply.removes(PROOF)
}

/// All at once.
pub(crate) async fn all_see(browsers: &[Browser], expected: &Sees) {
    let see = |mut browser: Browser| tokio::spawn(async move { browser.sees().await });
    let all: Vec<_> = browsers.iter().cloned().map(see).collect();
    for seen in all {
        assert_eq!(seen.await.unwrap(), *expected);
    }
}
