//! Inserting, removing, clearing, purging and renewing, in several orders; and routes that ask the session.

use serde_json::{Value, json};

use crate::site::{Reply, Site};

/// What becomes of a session.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    /// The answer sets no cookie.
    Nothing,
    /// It removes the cookie.
    Removed,
    /// It sets one for the same session.
    Kept,
    /// It sets one for a session that begins now.
    Begun,
}

use Outcome::{Begun, Kept, Nothing, Removed};

/// What is done to a session with the members `a` and `c`, what becomes of it, and what is in it then.
const EXISTING: [(&str, Outcome, &str); 14] = [
    ("insert", Kept, r#"{"a":1,"b":2,"c":3}"#),
    ("remove", Kept, r#"{"c":3}"#),
    ("insert.remove", Kept, r#"{"b":2,"c":3}"#),
    ("clear", Kept, "{}"),
    ("clear.insert", Kept, r#"{"b":2}"#),
    ("insert.clear", Kept, "{}"),
    ("renew", Begun, r#"{"a":1,"c":3}"#),
    ("renew.insert", Begun, r#"{"a":1,"b":2,"c":3}"#),
    ("insert.renew.remove", Begun, r#"{"b":2,"c":3}"#),
    ("renew.clear", Begun, "{}"),
    ("purge", Removed, "{}"),
    ("purge.insert", Removed, "{}"),
    ("insert.purge.renew", Removed, "{}"),
    ("renew.purge.clear", Removed, "{}"),
];

/// The same where no session came.
const NONE: [(&str, Outcome, &str); 8] = [
    ("insert", Begun, r#"{"b":2}"#),
    ("insert.renew", Begun, r#"{"b":2}"#),
    ("insert.clear", Nothing, "{}"),
    ("remove", Nothing, "{}"),
    ("clear", Nothing, "{}"),
    ("renew", Nothing, "{}"),
    ("purge", Nothing, "{}"),
    ("insert.purge.insert", Nothing, "{}"),
];

#[tokio::test]
async fn what_is_done_to_a_session_counts_in_any_order() {
    let site = Site::new().await;
    let before = existing(&site);
    for (actions, outcome, data) in EXISTING {
        let reply = site.post(&format!("/do/{actions}"), &before).await;
        assert_eq!((reply.status, members(&reply)), (200, parsed(data)), "{actions}");
        assert_eq!(outcome_of(&site, &before, &reply), outcome, "{actions}");
        if outcome != Removed {
            assert_eq!(site.open(reply.cookie()).record().data_json, data, "{actions}");
        }
    }
}

#[tokio::test]
async fn only_a_session_with_something_in_it_is_begun() {
    let site = Site::new().await;
    for (actions, outcome, data) in NONE {
        let reply = site.post(&format!("/do/{actions}"), "").await;
        assert_eq!((reply.status, members(&reply)), (200, parsed(data)), "{actions}");
        assert_eq!(outcome_of(&site, "", &reply), outcome, "{actions}");
        if outcome == Begun {
            assert_eq!(site.open(reply.cookie()).record().data_json, data, "{actions}");
        }
    }
}

#[tokio::test]
async fn a_guard_can_ask_the_session() {
    let site = Site::new().await;
    let client = site.client();
    assert_eq!(client.get("/protected/").await.status, 404);
    client.post("/count").await.says(None, 1);
    assert_eq!(client.get("/protected/").await.status, 404);
    client.post("/login/ferris").await.says(Some("ferris"), 1);
    client.get("/protected/").await.says(Some("ferris"), 1);
    client.post("/logout").await;
    assert_eq!(client.get("/protected/").await.status, 404);
}

/// The signed cookie of a session with the members `a` and `c`.
fn existing(site: &Site) -> String {
    use sealed_session::SessionPlugin as _;

    let options =
        sealed_session::CreateOptions { data_json: r#"{"a":1,"c":3}"#.into(), ..Default::default() };
    let id = site.sessions.store().create(options).unwrap();
    crate::refused::signed(id.as_str())
}

fn outcome_of(site: &Site, before: &str, reply: &Reply) -> Outcome {
    match () {
        () if reply.sets_nothing() => Nothing,
        () if reply.removes() => Removed,
        () if before.is_empty() => Begun,
        () if site.open(reply.cookie()).uid() == site.open(before).uid() => Kept,
        () => Begun,
    }
}

/// What the handler saw, each value parsed.
fn members(reply: &Reply) -> Value {
    let entries = reply.json();
    let parse = |(name, text): (&String, &Value)| (name.clone(), parsed(text.as_str().unwrap()));
    json!(entries.as_object().unwrap().iter().map(parse).collect::<serde_json::Map<_, _>>())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
