//! How much room there is in sessions that are, or may get, bound.

use sealed_session::{CreateOptions, SessionPlugin as _};

use crate::browser::{Browser, ORDINARY, Site};

/// The length of the longest text that this path takes from the browser.
async fn longest(browser: &Browser, path: &str) -> usize {
    let (mut takes, mut refuses) = (0, 4_096);
    while refuses - takes > 1 {
        let len = (takes + refuses) / 2;
        match browser.clone().post(&format!("{path}{}", "x".repeat(len))).await.status {
            200 => takes = len,
            _ => refuses = len,
        }
    }
    takes
}

#[tokio::test]
async fn the_longest_message_is_as_long_as_what_insert_takes() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    for bound in [false, true] {
        let message = longest(&browser, "/flash/").await + r#"{"_flash":[{"level":"info","text":""}]}"#.len();
        assert_eq!(message, longest(&browser, "/set/a/").await + r#"{"a":""}"#.len(), "bound: {bound}");
        if !bound {
            assert_eq!(browser.register().await.status, 200);
        }
    }
}

#[tokio::test]
async fn the_longest_message_outlives_the_binding() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    let text = "x".repeat(longest(&browser, "/flash/").await);
    assert_eq!(browser.post(&format!("/flash/{text}")).await.status, 200);
    assert_eq!(browser.register().await.status, 200);
    let shown = browser.get("/flashes").await;
    assert!(shown.status == 200 && shown.body.contains(&text), "{shown:?}");
}

#[tokio::test]
async fn what_was_sealed_with_more_room_can_be_reduced() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    let len = site.store.remaining(None, r#"{"a":"","b":1}"#).unwrap();
    let data_json = format!(r#"{{"a":"{}","b":1}}"#, "x".repeat(len));
    let id = site.store.create(CreateOptions { data_json, ..Default::default() }).unwrap();
    browser.jar.insert(ORDINARY.to_owned(), id.as_str().to_owned());
    assert_eq!(browser.post("/set/b/22").await.status, 500, "there is no room for more");
    let less = browser.post(&format!("/set/a/{}", "x".repeat(len - 1))).await;
    assert!(less.status == 200 && !less.sets_nothing(), "{less:?}");
}
