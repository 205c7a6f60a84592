//! Sessions of actix-web: a real server over TCP, a real client, and a clock that is set by the tests. `workflow`,
//! `lifecycle` and `guards` have the behaviours that actix-session checks its own stores for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails panics"
)]

#[path = "../../tests/example.rs"]
mod example;
#[path = "../../../tests/example/server.rs"]
mod server;

#[path = "actix/site.rs"]
mod site;

#[path = "actix/cookies.rs"]
mod cookies;
#[path = "actix/data.rs"]
mod data;
#[path = "actix/endings.rs"]
mod endings;
#[path = "actix/example_server.rs"]
mod example_server;
#[path = "actix/guards.rs"]
mod guards;
#[path = "actix/lifecycle.rs"]
mod lifecycle;
#[path = "actix/limits.rs"]
mod limits;
#[path = "actix/login.rs"]
mod login;
#[path = "actix/refused.rs"]
mod refused;
#[path = "actix/rotation.rs"]
mod rotation;
#[path = "../../../tests/common/troubled.rs"]
mod troubled;
#[path = "actix/workflow.rs"]
mod workflow;
