//! Operations with two faults, of which the token's is told.

use super::super::file::Vector;
use super::super::json::Members;
use super::super::open_valid::nested;
use super::super::scene::{DAY, EXPIRES, RENEWED, RootLife, root};
use super::case::{Case, case};
use super::done::of_len;
use super::refused::Fault;

/// The token is judged before anything that is to be sealed.
pub(super) fn vectors() -> Vec<Vector> {
    let expired = |comment: &str, op: &'static str, then: [&str; 2], change: &dyn Fn(&mut Case)| {
        let late = case(op).with(|c| c.scene.now = EXPIRES - 1).with(change);
        let fault = Fault { outcome: "not_found", check: "expired", member: "now" };
        fault.with(comment, "Order", &late, |c| c.scene.now = EXPIRES, then_of(then))
    };
    let forged = Fault { outcome: "invalid", check: "aead", member: "ad" };
    let short = Fault { outcome: "not_found", check: "expired", member: "max_lifetime_ms" };
    let list = case("update").with(|c| c.data = "[]".into());
    let staged = vec![RootLife { activate_at_ms: RENEWED + DAY, ..root(1) }];
    vec![
        expired("update: an expired session, and a list for data", "update", ["invalid", "data"], &|c| {
            c.data = "[]".into();
        }),
        expired(
            "update: an expired session, and data nested too deep",
            "update",
            ["invalid", "data"],
            &|c| {
                c.data = nested(65);
            },
        ),
        expired("update: an expired session, and too much data", "update", ["backend", "size"], &|c| {
            c.data = of_len(4_000);
        }),
        expired("login: an expired session, and too long a user id", "login", ["invalid", "user_id"], &|c| {
            c.user = Some("u".repeat(65_535));
        }),
        expired("touch: an expired session, and no key that seals", "touch", ["backend", "no_key"], &|c| {
            c.token = Some(c.token());
            c.scene.roots = staged.clone();
        }),
        forged.with(
            "update: other associated data, and a list for data",
            "Order",
            &list,
            |c| c.scene.ad = vec![1],
            then_of(["invalid", "data"]),
        ),
        short.with(
            "update: over by the maximum lifetime alone, and a list for data",
            "Order",
            &list,
            |c| c.scene.max_lifetime_ms = 60_000,
            then_of(["invalid", "data"]),
        ),
    ]
}

fn then_of([outcome, check]: [&str; 2]) -> Members {
    members! { "then": members! { "outcome": outcome, "check": check } }
}
