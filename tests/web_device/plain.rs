//! The layer around any tower service: one function, and bodies of octets.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use sealed_session::http::{DeviceBoundLayer, Session, SessionLayer};
use sealed_session::{KeyRing, RootSecret, SealedStore};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::browser::{ORDINARY, PENDING, PROOF};
use crate::device::Device;

fn layer() -> DeviceBoundLayer {
    let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
    let store = SealedStore::builder(ring).build().unwrap();
    SessionLayer::new(store).unwrap().device_bound(|device| device).unwrap()
}

/// Logs in whoever asks for it, and tells the user.
async fn answer(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let session = request.extensions().get::<Session>().unwrap();
    if request.uri().path() == "/login" {
        session.authenticate("ann").unwrap();
    }
    let told = format!("{:?} {}", session.user_id(), session.is_device_bound());
    Ok(Response::new(Full::from(told)))
}

async fn ask(
    layer: &DeviceBoundLayer,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Response<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from("a body of which nobody knows")).unwrap();
    layer.layer(service_fn(answer)).oneshot(request).await.unwrap()
}

/// The pairs of the cookies that are set and not removed.
fn pairs(headers: &HeaderMap) -> String {
    let all = headers.get_all(SET_COOKIE).iter().map(|set| set.to_str().unwrap());
    let kept = all.filter(|set| !set.contains("Max-Age=0"));
    kept.map(|set| set.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

fn quoted(headers: &HeaderMap, name: &str, at: usize) -> String {
    headers[name].to_str().unwrap().split('"').nth(at).unwrap().to_owned()
}

async fn body(response: Response<Full<Bytes>>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_device_registers_and_refreshes_and_no_secret_is_shown_in_a_log() {
    let layer = layer();
    let login = ask(&layer, "GET", "/login", &[]).await;
    let proof = Device::new(1).registration(&quoted(login.headers(), "secure-session-registration", 3));
    let cookie = pairs(login.headers());
    let headers = [(COOKIE.as_str(), cookie.as_str()), ("secure-session-response", &proof)];
    let registered = ask(&layer, "POST", "/dbsc/register", &headers).await;
    let bound = pairs(registered.headers());
    assert!(bound.contains(PENDING) && bound.contains(PROOF) && !bound.contains(&format!("{ORDINARY}=")));
    let cookie = format!("{cookie}; {bound}");
    let identifier = quoted(registered.headers(), "secure-session-challenge", 3);
    let next = Device::new(1).refresh(&quoted(registered.headers(), "secure-session-challenge", 1));
    let headers = [("sec-secure-session-id", identifier.as_str()), ("secure-session-response", &next)];
    let refreshed = ask(&layer, "POST", "/dbsc/refresh", &headers).await;
    for response in [&login, &registered, &refreshed] {
        assert_eq!(response.status(), 200);
        let names = ["set-cookie", "secure-session-registration", "secure-session-challenge"];
        let values: Vec<_> = names.iter().flat_map(|name| response.headers().get_all(*name)).collect();
        assert!(values.len() > 1 && values.iter().all(|value| value.is_sensitive()), "{values:?}");
    }
    assert!(body(registered).await.starts_with(r#"{"session_identifier":"#));
    assert_eq!(body(refreshed).await, "");
    let asked = ask(&layer, "GET", "/", &[(COOKIE.as_str(), &cookie)]).await;
    assert_eq!(body(asked).await, r#"Some("ann") true"#);
}

#[tokio::test]
async fn what_the_layer_does_not_answer_itself_arrives() {
    let layer = layer();
    for (method, path) in [("GET", "/dbsc/register"), ("POST", "/dbsc"), ("POST", "/")] {
        assert_eq!(body(ask(&layer, method, path, &[]).await).await, "None false", "{method} {path}");
    }
    assert_eq!(ask(&layer, "POST", "/dbsc/refresh", &[]).await.status(), 400);
}
