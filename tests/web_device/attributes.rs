//! What a cookie was before, where sessions are bound to devices.

use sealed_session::http::CookieScope;

use crate::browser::{BOUND, ORDINARY, Site};
use crate::site::Reply;

fn partitioned(reply: &Reply) -> Vec<&str> {
    let removals = reply.set_cookies().into_iter().filter(|set| set.contains("; Partitioned; "));
    removals.map(|set| set.split_once('=').unwrap().0).collect()
}

/// The cookies of a bound session have never had another scope: the layer allows none.
#[tokio::test]
async fn only_the_ordinary_cookie_is_removed_from_its_former_scope() {
    let former = CookieScope::host_only().partitioned(true);
    let site = Site::of(|layer| layer.cookie(|cookie| cookie.formerly(former)), |device| device).await;
    let mut browser = site.browser(1);
    let login = browser.log_in("ann").await;
    assert_eq!(partitioned(&login), [ORDINARY], "{login:?}");
    assert!(browser.jar.contains_key(ORDINARY));

    let registered = browser.register().await;
    assert!(partitioned(&registered).is_empty(), "{registered:?}");
    let moved = browser.get("/get/a").await;
    assert_eq!(partitioned(&moved), [ORDINARY], "the session moves to the bound cookie: {moved:?}");
    assert!(browser.jar.contains_key(BOUND) && !browser.jar.contains_key(ORDINARY));

    let changed = browser.post("/set/a/1").await;
    assert_eq!((changed.set_cookies().len(), partitioned(&changed).len()), (1, 0), "{changed:?}");
}
