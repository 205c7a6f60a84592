//! Waits on the stream of news, on a connection of its own.

use std::time::Duration;

use redis::{Connection, RedisResult, Value};

use super::line::Line;
use super::text::Keys;
use crate::clock::millis;
use crate::revocation::Listener;

/// A listener that also says so when the news begin anew, or when it could not listen for a while.
pub(super) fn listener(mut line: Line, keys: Keys) -> Listener {
    let response_timeout = line.server().response_timeout;
    let mut heard: Option<u64> = None;
    Box::new(move |wait| {
        let before = heard.take();
        if let Some(before) = before {
            line.ask_once(|connection| {
                connection.set_read_timeout(Some(wait.saturating_add(response_timeout)))?;
                block(connection, &keys, before, wait)?;
                connection.set_read_timeout(Some(response_timeout))
            })?;
        }
        let now = line.ask_once(|connection| count(connection, &keys))?;
        heard = Some(now);
        Ok(before != Some(now))
    })
}

/// Returns when there is something behind these news, or when the time is over.
fn block(connection: &mut Connection, keys: &Keys, heard: u64, wait: Duration) -> RedisResult<()> {
    let wait_ms = millis(wait).max(1);
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(1).arg("BLOCK").arg(wait_ms).arg("STREAMS").arg(keys.news());
    command.arg(format!("{heard}-0")).query::<Value>(connection).map(drop)
}

fn count(connection: &mut Connection, keys: &Keys) -> RedisResult<u64> {
    let count: Option<u64> = redis::cmd("HGET").arg(keys.state()).arg("news").query(connection)?;
    Ok(count.unwrap_or_default())
}
