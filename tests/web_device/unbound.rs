//! Users' sessions in browsers that bind nothing.

use std::time::Duration;

use sealed_session::http::{DeviceSettings, Unbound};

use crate::browser::{NOBODY, ORDINARY, PROOF_TTL, Site, bound_to, names_set, unbound};
use crate::site::{HOUR, MINUTE};

fn for_an_hour(device: DeviceSettings) -> DeviceSettings {
    device.unbound(Unbound::RefusedAfter(Duration::from_secs(3600)))
}

#[tokio::test]
async fn sessions_without_a_device_are_accepted_unless_set_otherwise() {
    let site = Site::new().await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    for _ in 0..3 {
        site.clock.advance(20 * HOUR);
        assert_eq!(browser.sees().await, unbound("ann"));
    }
}

#[tokio::test]
async fn a_session_without_a_device_is_over_at_the_limit() {
    let site = Site::with(for_an_hour).await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    site.clock.advance(HOUR - 1);
    assert_eq!(browser.sees().await, unbound("ann"));
    browser.post("/set/a/1").await;
    site.clock.advance(1);
    let reply = browser.get("/get/a").await;
    assert!(reply.body == "null" && reply.removes(ORDINARY), "{reply:?}");
    assert_eq!(names_set(&reply), [ORDINARY]);
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn neither_a_change_nor_a_cycle_nor_a_ttl_moves_the_limit() {
    let site = Site::with(for_an_hour).await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    site.clock.advance(59 * MINUTE);
    for change in ["/set/a/1", "/cycle", "/ttl/604800000"] {
        assert_eq!(browser.post(change).await.status, 200);
    }
    assert_eq!(browser.sees().await, unbound("ann"));
    site.clock.advance(MINUTE);
    assert_eq!(browser.sees().await, NOBODY);
}

#[tokio::test]
async fn a_login_begins_the_time_anew() {
    let site = Site::with(for_an_hour).await;
    let mut browser = site.browser(1);
    browser.log_in("ann").await;
    site.clock.advance(HOUR - 1);
    browser.log_in("ann").await;
    site.clock.advance(HOUR - 1);
    assert_eq!(browser.sees().await, unbound("ann"));
}

#[tokio::test]
async fn a_session_that_is_over_registers_nothing() {
    let site = Site::with(|device| for_an_hour(device).registration_ttl(Duration::from_secs(7200))).await;
    for (age, status) in [(HOUR - 1, 200), (HOUR, 401)] {
        let mut browser = site.browser(1);
        browser.log_in("ann").await;
        site.clock.advance(age);
        assert_eq!(browser.register().await.status, status, "{age} ms");
    }
}

#[tokio::test]
async fn a_session_of_nobody_has_no_limit() {
    let site = Site::with(for_an_hour).await;
    let mut browser = site.browser(1);
    browser.post("/set/a/1").await;
    site.clock.advance(5 * HOUR);
    assert_eq!(browser.get("/get/a").await.body, r#""1""#);
}

#[tokio::test]
async fn a_bound_session_has_no_limit() {
    let site = Site::with(for_an_hour).await;
    let mut browser = site.bound(1, "ann").await;
    for _ in 0..12 {
        site.clock.advance(PROOF_TTL);
        assert_eq!(browser.refresh().await.status, 200);
    }
    assert_eq!(browser.sees().await, bound_to("ann"));
}

#[tokio::test]
async fn a_copy_of_the_login_is_worth_the_limit() {
    let site = Site::with(for_an_hour).await;
    let (mut browser, mut thief) = (site.browser(1), site.browser(2));
    browser.log_in("ann").await;
    thief.jar = browser.jar.clone();
    browser.register().await;
    assert_eq!(thief.sees().await, unbound("ann"), "without revocations");
    site.clock.advance(HOUR);
    assert_eq!(thief.sees().await, NOBODY);
}
