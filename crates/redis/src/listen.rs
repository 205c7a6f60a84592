//! Waits on the stream of news, on a connection of its own.

use std::time::Duration;

use redis::{Cmd, Value};
use sealed_session::revocation::Listener;

use super::id;
use super::line::Line;
use super::text::Keys;

/// Epoch, number and mark.
type Heard = (Option<String>, Option<u64>, Option<String>);

/// A listener that also says so when the news begin anew, or when it could not listen for a while.
pub(super) fn listener(mut line: Line, keys: Keys) -> Listener {
    let mut heard: Option<Heard> = None;
    let mut last = script!("heard.lua");
    last.arg(1).arg(keys.state());
    Box::new(move |wait| {
        let before = heard.take();
        if let Some((_, number, _)) = &before {
            let command = block(&keys, number.unwrap_or_default(), wait);
            line.ask_once_for::<Value>(&command, wait)?;
        }
        let now = line.ask_once(&last)?;
        let is_same = before.as_ref() == Some(&now);
        heard = Some(now);
        Ok(!is_same)
    })
}

/// Returns when there is something behind these news, or when the time is over.
fn block(keys: &Keys, number: u64, wait: Duration) -> Cmd {
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(1).arg("BLOCK").arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
    command.arg("STREAMS").arg(keys.news()).arg(id(number));
    command
}
