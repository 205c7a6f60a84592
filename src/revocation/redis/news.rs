//! What was revoked: everything at first, then what is new, and everything again where that cannot be told.
//!
//! The news have consecutive numbers, so that one who reads them sees what is missing. A number alone does not tell a
//! Redis that was flushed and went on: the data has a name as well, drawn when there is none. One that was started
//! again may have lost its end, name or not.

use redis::{Connection, RedisResult};

use super::{PAGE, RedisBackend, text};
use crate::revocation::backend::News;
use crate::revocation::{BackendError, Revocation};

/// News are kept for so long, and for twice as long at most.
const FORGET_AFTER_MS: u64 = 60 * 60 * 1000;

/// Where one is in the news of which data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// Nothing, where there is no data.
    pub(super) epoch: Option<String>,
    pub(super) news: u64,
}

/// How many news there were at a time.
pub(super) struct Mark {
    at_ms: u64,
    news: u64,
}

/// What there is behind a position.
enum Behind {
    News(Vec<Revocation>, Position),
    /// News that were removed before they were read. What they told of is still there.
    Gap,
    /// Other data.
    Lost,
}

/// The number, then the fields and what they hold.
type Told = (String, (String, Vec<u8>, String, Vec<u8>));
/// A key, and what is in it.
type Entry = (Vec<u8>, Vec<u8>);
type Page = ((Option<String>, Option<u64>), Vec<Told>);

impl RedisBackend {
    pub(super) fn read_news(&mut self, now_ms: u64) -> Result<News, BackendError> {
        let behind = match self.position.clone() {
            Some(position) => Some(self.behind(position)?),
            None => None,
        };
        self.lost |=
            self.position.is_some() && (matches!(behind, Some(Behind::Lost)) || self.line.has_restarted());
        if let (Some(Behind::News(revocations, position)), false) = (behind, self.lost) {
            self.position = Some(position);
            return Ok(News { revocations, lost: false });
        }
        let (revocations, position) = self.everything(now_ms)?;
        self.position = Some(position);
        self.mark = None;
        Ok(News { revocations, lost: std::mem::take(&mut self.lost) })
    }

    /// Removes news that every server has read long ago. What they tell of expires on its own.
    pub(super) fn forget_news(&mut self, now_ms: u64) -> Result<(), BackendError> {
        let (Some(position), Some(mark)) = (&self.position, &self.mark) else {
            self.mark = self.position.as_ref().map(|position| Mark { at_ms: now_ms, news: position.news });
            return Ok(());
        };
        if now_ms.saturating_sub(mark.at_ms) < FORGET_AFTER_MS {
            return Ok(());
        }
        let mut command = redis::cmd("XTRIM");
        command.arg(self.keys.news()).arg("MINID").arg(id(mark.news.saturating_add(1)));
        self.line.ask(|connection| command.query::<u64>(connection))?;
        self.mark = Some(Mark { at_ms: now_ms, news: position.news });
        Ok(())
    }

    fn behind(&mut self, mut position: Position) -> Result<Behind, BackendError> {
        let mut revocations = Vec::new();
        loop {
            let (state, news) = self.page(&position)?;
            if state.0 != position.epoch || state.1.unwrap_or_default() < position.news {
                return Ok(Behind::Lost);
            }
            let count = news.len();
            for (number, (_, name, _, times)) in news {
                position.news += 1;
                if number != id(position.news) {
                    return Ok(Behind::Gap);
                }
                revocations.push(text::revocation(&name, &times)?);
            }
            if count < PAGE {
                let complete = state.1 == Some(position.news);
                return Ok(if complete { Behind::News(revocations, position) } else { Behind::Gap });
            }
        }
    }

    /// The state, and the next news, as they are at one time.
    fn page(&mut self, position: &Position) -> Result<Page, BackendError> {
        let mut command = redis::cmd("EVAL");
        command.arg(include_str!("page.lua")).arg(2).arg(self.keys.state()).arg(self.keys.news());
        command.arg(id(position.news.saturating_add(1))).arg(PAGE);
        self.line.ask(|connection| command.query(connection))
    }

    /// All that counts. What is recorded meanwhile comes with the next news, or with both.
    fn everything(&mut self, now_ms: u64) -> Result<(Vec<Revocation>, Position), BackendError> {
        let position = self.record_some(&[])?;
        let (prefix, pattern) = (self.keys.entries(), self.keys.entries_pattern());
        let (mut revocations, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let (next, entries) = self.line.ask(|connection| scan(connection, &pattern, cursor))?;
            for (key, times) in entries {
                let revocation = text::revocation(key.get(prefix.len()..).unwrap_or_default(), &times)?;
                if revocation.until_ms() > now_ms {
                    revocations.push(revocation);
                }
            }
            if next == 0 {
                return Ok((revocations, position));
            }
            cursor = next;
        }
    }
}

/// Some of the keys that match, with what is in them; those that expire in between are left out.
fn scan(connection: &mut Connection, pattern: &str, cursor: u64) -> RedisResult<(u64, Vec<Entry>)> {
    let mut command = redis::cmd("SCAN");
    command.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(PAGE);
    let (next, keys): (u64, Vec<Vec<u8>>) = command.query(connection)?;
    if keys.is_empty() {
        return Ok((next, Vec::new()));
    }
    let values: Vec<Option<Vec<u8>>> = redis::cmd("MGET").arg(&keys).query(connection)?;
    let entries = keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?)));
    Ok((next, entries.collect()))
}

fn id(number: u64) -> String {
    format!("{number}-0")
}
