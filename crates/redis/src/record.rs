//! How changes are recorded: what becomes of the entries is told here, as of every backend, and Redis puts them if they
//! are still what they were taken for. Nothing is asked before, since most of what is revoked was not before.

use std::collections::HashMap;

use redis::Cmd;
use sealed_session::revocation::backend::{Entries, Target, apply};
use sealed_session::revocation::{BackendError, Change, Revocation};

use super::line::Asked;
use super::{LAST_EXPIRY_MS, PAGE, RedisBackend, Step, text};

/// So many entries can be changed in one step: more would keep Redis from answering anybody for long.
const MOST_AT_ONCE: usize = 100_000;
/// So often others may change the same entries in between.
const MOST_TRIES: usize = 1000;

/// Whether it is done, the entries if not, the last step if so, and whether the one that was known is of its history.
type Answer = (bool, Vec<Vec<u8>>, String, u64, String, bool);

impl RedisBackend {
    pub(super) fn record_all(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        // What is recorded again may be recorded bit by bit.
        if changes.iter().all(|change| matches!(change, Change::Restore(_))) {
            return changes.chunks(PAGE).try_for_each(|some| self.record_step(some));
        }
        self.record_step(changes)
    }

    /// Records these in one step; without any it sees what the last step was.
    pub(super) fn record_step(&mut self, changes: &[Change]) -> Result<(), BackendError> {
        // That a session has ended does not tell who ended it.
        let tells_itself = !changes.iter().any(|change| matches!(change, Change::Cycle { .. }));
        let mut taken = Taken::new();
        for _ in 0..MOST_TRIES {
            let mut draft = Draft { taken: &taken, touched: Vec::new(), becomes: HashMap::new() };
            apply(&mut draft, changes)?;
            let Draft { touched, becomes, .. } = draft;
            match self.put(&taken, &touched, &becomes, tells_itself)? {
                None => return Ok(()),
                Some(values) => taken.extend(touched.into_iter().zip(values)),
            }
        }
        Err(BackendError::new("others change the same entries in Redis all the time: try again"))
    }

    /// Puts what becomes of those that were touched, or answers what they are, if something else. Entries that are already
    /// what they are to become were put by a question whose answer was lost, where that tells itself.
    fn put(
        &mut self,
        taken: &Taken,
        touched: &[Target],
        becomes: &HashMap<Target, Option<Revocation>>,
        tells_itself: bool,
    ) -> Result<Option<Vec<Vec<u8>>>, BackendError> {
        if touched.len() > MOST_AT_ONCE {
            let message =
                format!("Redis is not given more than {MOST_AT_ONCE} entries in one step: use several");
            return Err(BackendError::new(message));
        }
        let command = self.command(taken, touched, becomes, tells_itself)?;
        let (done, values, epoch, number, mark, continues): Answer = match self.line.ask_first(&command)? {
            Asked::Answered(answer) => answer,
            // Perhaps elsewhere: a step of the same name would make one history of two.
            Asked::Cut(wait) => {
                let command = self.command(taken, touched, becomes, tells_itself)?;
                self.line.ask_again(&command, wait)?
            }
        };
        if !done {
            return Ok(Some(values));
        }
        self.lost |= self.known.is_some() && !continues;
        self.known = Some(Step { epoch, number, mark });
        Ok(None)
    }

    /// With names of its own, by which what it does is told from what any other does elsewhere.
    fn command(
        &self,
        taken: &Taken,
        touched: &[Target],
        becomes: &HashMap<Target, Option<Revocation>>,
        tells_itself: bool,
    ) -> Result<Cmd, BackendError> {
        let prefix = self.keys.entries();
        let known = self.known.clone().unwrap_or_default();
        let mut command = script!("history.lua", "record.lua");
        command.arg(2 + touched.len()).arg(self.keys.state()).arg(self.keys.news());
        for target in touched {
            command.arg([prefix.as_str(), &text::name(target)].concat());
        }
        command.arg(fresh()?).arg(fresh()?).arg(known.epoch).arg(known.number).arg(known.mark);
        command.arg(self.news_kept).arg(&prefix);
        for target in touched {
            command.arg(taken.get(target).map_or(&[][..], Vec::as_slice));
            match becomes.get(target) {
                None | Some(None) => command.arg("").arg(""),
                Some(Some(entry)) => {
                    command.arg(text::value(entry)).arg(entry.until_ms().min(LAST_EXPIRY_MS))
                }
            };
        }
        command.arg(u8::from(tells_itself));
        Ok(command)
    }
}

/// A name that nothing else has.
fn fresh() -> Result<String, BackendError> {
    let fresh = getrandom::u64();
    let fresh = fresh.map_err(|_| BackendError::new("the operating system's random generator failed"))?;
    Ok(format!("{fresh:016x}"))
}

/// What entries were when Redis last said so, as it keeps them; those that it was not asked for are taken for nothing.
type Taken = HashMap<Target, Vec<u8>>;

/// What becomes of entries that are taken for something.
struct Draft<'t> {
    taken: &'t Taken,
    /// In this order.
    touched: Vec<Target>,
    /// Of those that were touched; some stay as they are.
    becomes: HashMap<Target, Option<Revocation>>,
}

impl Draft<'_> {
    fn touch(&mut self, target: &Target) {
        if !self.becomes.contains_key(target) {
            self.touched.push(target.clone());
            self.becomes.insert(target.clone(), None);
        }
    }
}

impl Entries for Draft<'_> {
    type Error = BackendError;

    /// What cannot be read is as good as nothing, and is put right.
    fn get(&mut self, target: &Target) -> Result<Option<Revocation>, BackendError> {
        self.touch(target);
        if let Some(Some(entry)) = self.becomes.get(target) {
            return Ok(Some(entry.clone()));
        }
        Ok(self.taken.get(target).and_then(|value| text::read_value(target.clone(), value)))
    }

    fn put(&mut self, entry: Revocation) -> Result<(), BackendError> {
        let target = entry.target();
        self.touch(&target);
        self.becomes.insert(target, Some(entry));
        Ok(())
    }
}
