//! What a layer can be set to, and what it refuses to be.

use std::time::Duration;

use http::request::Parts;
use sealed_session::http::{
    DeviceBoundLayer, DeviceSettings, SameSite, SessionLayer, SessionLayerBuilder, Unbound,
};
use sealed_session::{KeyRing, RootSecret, SealedStore};

use crate::browser::{self, BOUND, ORDINARY, PENDING, PROOF, Site, bound_to, json, offered_at, set};
use crate::device::Device;
use crate::site::{self, Reply, root};

const HOUR: Duration = Duration::from_secs(3_600);

type Layer = fn(SessionLayerBuilder) -> SessionLayerBuilder;
type Settings = fn(DeviceSettings) -> DeviceSettings;

/// What the layer says when it is built.
fn error(name: &str, layer: Layer, device: Settings) -> String {
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).cookie_name(name).build().unwrap();
    let layer = layer(SessionLayer::builder(store)).build().unwrap();
    layer.device_bound(device).unwrap_err().to_string()
}

#[test]
fn a_cookie_that_browsers_do_not_bind_is_an_error_that_says_what_to_do() {
    let cases: [(&str, Layer, &[&str]); 4] = [
        (
            "session",
            |layer| layer.cookie(|cookie| cookie.insecure_for_local_development(true)),
            &["https only", "do without insecure_for_local_development"],
        ),
        (
            "session",
            |layer| layer.cookie(|cookie| cookie.domain("example.com")),
            &["one whole origin", "do without Domain and Partitioned", "Path has to be '/'"],
        ),
        ("session", |layer| layer.cookie(|cookie| cookie.path("/shop")), &["Path has to be '/'"]),
        (
            "__Host-session",
            |layer| layer.cookie(|cookie| cookie.same_site(SameSite::None).partitioned(true)),
            &["do without Domain and Partitioned"],
        ),
    ];
    for (name, layer, says) in cases {
        let error = error(name, layer, |device| device);
        assert!(says.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn a_cookie_that_a_neighbour_can_set_is_an_error_that_says_what_to_do() {
    for name in ["session", "__Secure-session", "__host-session", "__Hostsession"] {
        let error = error(name, |layer| layer, |device| device);
        assert!(error.contains(name) && error.contains("begins with __Host-"), "{error}");
    }
}

#[test]
fn a_path_that_is_none_is_an_error_that_says_what_one_is() {
    let cases: [(&str, Settings); 10] = [
        (r#""dbsc""#, |device| device.register_path("dbsc")),
        (r#""""#, |device| device.refresh_path("")),
        (r#""//other.example/refresh""#, |device| device.refresh_path("//other.example/refresh")),
        (r#""https://other.example/""#, |device| device.register_path("https://other.example/")),
        (r#""/a?b""#, |device| device.refresh_path("/a?b")),
        (r#""/a\";path=\"b""#, |device| device.register_path("/a\";path=\"b")),
        (r#""/ü""#, |device| device.register_path("/ü")),
        (r#""/a/../b""#, |device| device.register_path("/a/../b")),
        (r#""/./b""#, |device| device.refresh_path("/./b")),
        (r#""/..""#, |device| device.register_path("/..")),
    ];
    for (path, device) in cases {
        let error = error("session", |layer| layer, device);
        assert!(
            error.contains(&format!("{path} is no path of an endpoint: it begins with one '/'")),
            "{error}"
        );
    }
    let same = error("session", |layer| layer, |device| device.register_path("/dbsc/refresh"));
    assert!(same.contains("at one path: give each its own"), "{same}");
}

#[test]
fn a_cookie_without_room_for_a_bound_session_is_an_error_that_says_how_much_there_is() {
    let build = |chars, chunked: bool| {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).max_token_chars(chars).build().unwrap();
        let layer = SessionLayer::builder(store).cookie(|cookie| cookie.max_octets(1_000).chunked(chunked));
        layer.build().unwrap().device_bound(|device| device).map(drop).map_err(|error| error.to_string())
    };
    for (chunked, most) in [(false, 1_000 - BOUND.len()), (true, 2 * (1_000 - BOUND.len() - 2))] {
        assert_eq!(build(most, chunked), Ok(()));
        let error = build(most + 1, chunked).unwrap_err();
        assert!(error.contains(&format!(".max_token_chars({most})")) && error.contains(BOUND), "{error}");
    }
}

#[test]
fn lives_that_contradict_each_other_are_an_error() {
    let cases: [(&str, Settings); 4] = [
        ("no browser has the time to register", |device| {
            device.unbound(Unbound::RefusedAfter(Duration::ZERO))
        }),
        ("the proof's TTL (86400000 ms) is not shorter than", |device| {
            device.proof_ttl(Duration::from_secs(86_400))
        }),
        ("the registration's TTL must be a millisecond or more", |device| {
            device.registration_ttl(Duration::ZERO)
        }),
        ("the challenge's TTL", |device| {
            let hour = Duration::from_secs(3_600);
            device.identifier_lifetime(hour).challenge_ttl(2 * hour)
        }),
    ];
    for (says, device) in cases {
        let error = error("session", |layer| layer, device);
        assert!(error.contains(says), "{error}");
    }
}

#[tokio::test]
async fn the_paths_are_those_that_are_set() {
    let paths = |device: DeviceSettings| device.register_path("/a/b~1").refresh_path("/c:d");
    let site = Site::with(paths).await;
    let mut browser = site.browser(1);
    let challenge = offered_at(&browser.log_in("ann").await, "/a/b~1").unwrap();
    let headers = [("Secure-Session-Response", &*Device::new(1).registration(&challenge))];
    assert_eq!(browser.post_with("/dbsc/register", &headers).await.status, 418);
    let reply = browser.post_with("/a/b~1", &headers).await;
    assert_eq!((reply.status, &json(&reply)["refresh_url"]), (200, &"/c:d".into()));
    let identifier = json(&reply)["session_identifier"].as_str().unwrap().to_owned();
    for (path, status) in [("/dbsc/refresh", 418), ("/c:d", 403)] {
        let reply = browser.post_with(path, &[("Sec-Secure-Session-Id", &identifier)]).await;
        assert_eq!(reply.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_session_for_the_browsers_session_has_a_proof_that_lasts_its_time() {
    let site = Site::of(|layer| layer.cookie(|cookie| cookie.browser_session(true)), |device| device).await;
    let mut browser = site.browser(1);
    let attributes = "HttpOnly; SameSite=Lax; Secure; Path=/";
    assert_eq!(set(&browser.log_in("ann").await, ORDINARY).0, attributes);
    let reply = browser.register().await;
    assert_eq!(set(&reply, PENDING).0, attributes);
    assert_eq!(set(&reply, PROOF).0, format!("{attributes}; Max-Age=540"));
    assert_eq!(set(&browser.refresh().await, PROOF).0, format!("{attributes}; Max-Age=540"));
}

#[tokio::test]
async fn the_cookies_go_by_the_name_of_the_stores() {
    use sealed_session::hazmat::ManualClock;
    let clock = ManualClock::at(site::NOON);
    let ring = KeyRing::new(vec![root(1)]).unwrap();
    let store = SealedStore::builder(ring).clock(clock.clone()).cookie_name("__Host-sid").build().unwrap();
    let site = Site::over(store, clock, |layer| layer, |device| device, browser::app()).await;
    let mut browser = site.bound(1, "ann").await;
    assert_eq!(browser.names(), ["__Host-sid-bound", "__Host-sid-proof"]);
    assert_eq!(browser.sees().await, bound_to("ann"));
}

fn tenant(parts: &Parts) -> Vec<u8> {
    parts.headers.get("x-tenant").map(|tenant| tenant.as_bytes().to_vec()).unwrap_or_default()
}

#[tokio::test]
async fn what_sessions_are_bound_to_besides_counts_as_well() {
    let site = Site::of(|layer| layer.bind_to(tenant), |device| device).await;
    let ours = ("x-tenant", "ours");
    let mut browser = site.browser(1);
    browser.post_with("/login/ann", &[ours]).await;
    let proof = browser.device().registration(&browser.challenge);
    let headers = [("Secure-Session-Response", proof.as_str()), ("x-tenant", "theirs")];
    assert_eq!(browser.clone().post_with("/dbsc/register", &headers).await.status, 401);
    let reply = browser.post_with("/dbsc/register", &[headers[0], ours]).await;
    assert_eq!(reply.status, 200);
    browser.identifier = json(&reply)["session_identifier"].as_str().unwrap().to_owned();
    browser.challenge = browser::challenge(&reply, &browser.identifier);
    for (tenant, user) in [("ours", "\"ann\""), ("theirs", "null")] {
        let reply = browser.clone().request(reqwest::Method::GET, "/device", &[("x-tenant", tenant)]).await;
        assert_eq!(json(&reply)["user"].to_string(), user);
    }
    let proof = browser.device().refresh(&browser.challenge);
    let identifier = browser.identifier.clone();
    let headers = [("Sec-Secure-Session-Id", identifier.as_str()), ("Secure-Session-Response", &proof)];
    for (tenant, status) in [("ours", 200), ("theirs", 401)] {
        let headers = [headers[0], headers[1], ("x-tenant", tenant)];
        assert_eq!(browser.clone().post_with("/dbsc/refresh", &headers).await.status, status, "{tenant}");
    }
    browser.forget(PROOF);
    let reply = browser.request(reqwest::Method::GET, "/device", &[ours]).await;
    assert_eq!(json(&reply)["unproven"], true);
}

#[tokio::test]
async fn without_what_sessions_are_bound_to_nothing_is_answered() {
    let site = Site::of(|layer| layer.bind_to(tenant), |device| device).await;
    let mut browser = site.browser(1);
    browser.post_with("/login/ann", &[("x-tenant", "ours")]).await;
    let proof = browser.device().registration(&browser.challenge);
    let before = browser.jar.clone();
    for (path, header) in [
        ("/set/a/1", ("accept", "*/*")),
        ("/dbsc/register", ("Secure-Session-Response", proof.as_str())),
        ("/dbsc/refresh", ("Sec-Secure-Session-Id", "x")),
    ] {
        let reply = browser.post_with(path, &[header]).await;
        assert!(reply.status == 400 && reply.sets_nothing(), "{path}: {reply:?}");
        assert_eq!(reply.headers["sealed-session-refused"], "bind_to");
    }
    assert_eq!(browser.jar, before);
}

/// Every login would be lost in the attempt to register.
#[test]
fn a_cookie_without_room_for_a_proof_is_an_error() {
    let bound = |max_octets: usize| {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).max_token_chars(150).build().unwrap();
        let layer =
            SessionLayer::builder(store).cookie(|cookie| cookie.max_octets(max_octets)).build().unwrap();
        layer.device_bound(|device| device)
    };
    let error = bound(229).unwrap_err().to_string();
    assert!(error.contains("__Host-session-proof") && error.contains("max_octets"), "{error}");
    assert!(bound(230).is_ok());
}

/// What an application answers between two such layers.
async fn between(outer: DeviceBoundLayer, inner: DeviceBoundLayer) -> Reply {
    let url = site::serve(browser::app().layer(inner).layer(outer)).await;
    Reply::of(reqwest::Client::new().post(format!("{url}/login/ann")).send().await.unwrap()).await
}

#[tokio::test]
async fn layers_that_are_built_alike_over_one_store_are_one() {
    let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap();
    let sets: [Settings; 3] = [
        |device| device,
        |device| device.proof_ttl(HOUR).register_path("/r"),
        |device| device.unbound(Unbound::RefusedAfter(HOUR)).identifier_lifetime(4 * HOUR),
    ];
    for set in sets {
        let layer = || SessionLayer::new(store.clone()).unwrap().device_bound(set).unwrap();
        let reply = between(layer(), layer()).await;
        assert!(reply.status == 200 && offered_at_any(&reply), "{reply:?}");
    }
}

#[tokio::test]
async fn layers_that_differ_in_what_is_set_of_devices_are_an_error() {
    let store = SealedStore::builder(KeyRing::new(vec![root(1)]).unwrap()).build().unwrap();
    let layer = |set: Settings| SessionLayer::new(store.clone()).unwrap().device_bound(set).unwrap();
    let others: [Settings; 7] = [
        |device| device.proof_ttl(HOUR),
        |device| device.challenge_ttl(HOUR),
        |device| device.registration_ttl(HOUR),
        |device| device.identifier_lifetime(HOUR),
        |device| device.unbound(Unbound::RefusedAfter(HOUR)),
        |device| device.register_path("/r"),
        |device| device.refresh_path("/r"),
    ];
    for (at, other) in others.into_iter().enumerate() {
        for (outer, inner) in [(layer(other), layer(|device| device)), (layer(|device| device), layer(other))]
        {
            let reply = between(outer, inner).await;
            assert_eq!(reply.status, 500, "{at}: {reply:?}");
            assert_eq!(reply.headers["sealed-session-refused"], "layers_differ", "{at}");
        }
    }
}

fn offered_at_any(reply: &Reply) -> bool {
    reply.headers.contains_key("secure-session-registration")
}
