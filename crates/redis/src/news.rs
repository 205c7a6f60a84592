//! What was revoked: everything at first, then what is new, and everything again where that cannot be told.
//!
//! The news have consecutive numbers, so that one who reads them sees what is missing. A number alone does not tell
//! whose news they are: of a Redis that was flushed, restored or replaced by a replica that lagged, and went on since.
//! So each step has a random mark, and the last that this server knows, as it read or made it, is looked up with every
//! question. Where it is missing, everything is read, and Redis has lost something; or it may have, where merely
//! nobody remembers.

use std::time::Instant;

use redis::Cmd;
use sealed_session::revocation::{BackendError, News, Revocation};

use super::leap::TimeThere;
use super::purge::ReadBefore;
use super::{PAGE, RedisBackend, Step, id, text};

/// What there is behind what was read.
enum Behind {
    News(Vec<Revocation>),
    /// News that were removed before they were read. What they told of is still there.
    Gap,
    /// Other data.
    Lost,
}

/// The number of a step, then fields and what they hold.
type Told = (String, Vec<Vec<u8>>);
/// Whether the step that is known is of this history, number and mark of the last, some news, and the time there.
type Page = (bool, u64, String, Vec<Told>, u64);

impl RedisBackend {
    pub(super) fn read_news(&mut self) -> Result<News, BackendError> {
        let behind = match (&self.known, self.read) {
            (Some(known), Some(read)) => self.behind(known.clone(), read)?,
            _ => Behind::Gap,
        };
        // News tell what was put; a clock that is ahead lets that expire at once.
        self.lost |= std::mem::take(&mut self.leapt);
        match behind {
            Behind::News(revocations) if !self.lost => return Ok(News { revocations, lost: false }),
            Behind::Lost => self.lost = true,
            Behind::News(_) | Behind::Gap => {}
        }
        let revocations = self.everything()?;
        Ok(News { revocations, lost: std::mem::take(&mut self.lost) })
    }

    fn behind(&mut self, mut known: Step, mut read: u64) -> Result<Behind, BackendError> {
        let mut revocations = Vec::new();
        loop {
            let (continues, number, mark, told) = self.page(&known, read)?;
            if !continues {
                return Ok(Behind::Lost);
            }
            let count = told.len();
            for (told_id, fields) in told {
                read += 1;
                if told_id != id(read) {
                    return Ok(Behind::Gap);
                }
                let [_, name, _, value, ..] = fields.as_slice() else { return Err(text::no_revocation()) };
                revocations.push(text::revocation(name, value)?);
            }
            known = Step { number, mark, ..known };
            if count < PAGE {
                if read != known.number {
                    return Ok(Behind::Gap);
                }
                (self.known, self.read) = (Some(known), Some(read));
                return Ok(Behind::News(revocations));
            }
        }
    }

    fn page(&mut self, known: &Step, read: u64) -> Result<(bool, u64, String, Vec<Told>), BackendError> {
        let mut command = script!("history.lua", "page.lua");
        command.arg(2).arg(self.keys.state()).arg(self.keys.news());
        command.arg(&known.epoch).arg(known.number).arg(&known.mark).arg(read.saturating_add(1)).arg(PAGE);
        let asked = Instant::now();
        let (continues, number, mark, told, time_ms): Page = self.line.ask(&command)?;
        let time = TimeThere { time_ms, asked, answered: Instant::now() };
        // What a clock that was ahead let expire is gone, and what was recorded meanwhile may be too.
        self.leapt |= self.time.replace(time).is_some_and(|before| time.has_leapt_since(&before));
        Ok((continues, number, mark, told))
    }

    /// All that there is. What is recorded meanwhile comes with the next news, or with both. On one connection: another
    /// may be to a server that has its keys in another order.
    fn everything(&mut self) -> Result<Vec<Revocation>, BackendError> {
        self.record_step(&[])?;
        let (mut revocations, mut cursor) = (Vec::new(), 0_u64);
        loop {
            let (next, keys): (u64, Vec<Vec<u8>>) = self.line.ask_once(&self.scan(cursor))?;
            revocations.extend(self.entries(&keys)?);
            if next == 0 {
                self.see_whether_that_was_all()?;
                return Ok(revocations);
            }
            cursor = next;
        }
    }

    /// Whoever became a copy of another meanwhile may have been empty.
    fn see_whether_that_was_all(&mut self) -> Result<(), BackendError> {
        let known = self.known.clone().unwrap_or_default();
        let (continues, ..) = self.page(&known, known.number)?;
        if !continues {
            self.lost = true;
            return Err(BackendError::new(
                "Redis was replaced while everything in it was read: it is read again",
            ));
        }
        (self.read, self.read_before) = (Some(known.number), ReadBefore::default());
        Ok(())
    }

    fn scan(&self, cursor: u64) -> Cmd {
        let mut command = redis::cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(self.keys.entries_pattern()).arg("COUNT").arg(PAGE);
        command
    }

    /// What is in these keys; those that expire in between are left out.
    fn entries(&mut self, keys: &[Vec<u8>]) -> Result<Vec<Revocation>, BackendError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values: Vec<Option<Vec<u8>>> = self.line.ask_once(redis::cmd("MGET").arg(keys))?;
        let prefix = self.keys.entries();
        let entries = keys.iter().zip(values).filter_map(|(key, value)| Some((key, value?)));
        entries
            .map(|(key, value)| text::revocation(key.get(prefix.len()..).unwrap_or_default(), &value))
            .collect()
    }
}
