//! The same session, sealed and opened by `sealed-session` and by what one would use instead.
//!
//! `peers` holds one file a peer, `tests/` what each must do, `measure` the clock, `rounds` the
//! processes, `report` the figures. `web` does the same with whole requests.

pub mod about;
pub mod claims;
pub mod measure;
pub mod peers;
pub mod report;
pub mod rounds;
pub mod stats;
pub mod tables;
pub mod web;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use claims::{Claims, Opened};

/// One way to keep a session in a text.
pub trait Peer {
    /// The name in tables and in the JSON file.
    fn name(&self) -> &'static str;

    /// Whether the text hides what it carries, or only authenticates it.
    fn encrypts(&self) -> bool {
        true
    }

    /// Claims into the text that goes to the browser, as a user of the crate would do it.
    fn seal(&self, claims: &Claims) -> String;

    /// The text back into claims that are authentic and have not expired, or nothing.
    fn open(&self, token: &str) -> Option<Opened>;

    /// A token that was good once and has expired.
    fn expired(&self, claims: &Claims) -> String {
        self.seal(&claims.of_yesterday())
    }
}

/// The outcome of a future that does not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("nothing here waits"),
    }
}
