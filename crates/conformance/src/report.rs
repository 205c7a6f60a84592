//! What came of a run.

use std::any::Any;
use std::fmt;
use std::slice;

/// What came of one case.
///
/// ```
/// use sealed_session_conformance::CaseResult;
///
/// let result = CaseResult::Failed("expected 60000, got 60001".to_owned());
/// assert_eq!(result.to_string(), "FAILED: expected 60000, got 60001");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseResult {
    /// What was looked at behaves as it should.
    Passed,
    /// It does not, or it panicked; the text says what was seen and what was due.
    Failed(String),
    /// The case needs what is not offered; the text says what.
    NotRun(String),
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("ok"),
            Self::Failed(message) => write!(f, "FAILED: {}", one_line(message)),
            Self::NotRun(reason) => write!(f, "not run: {}", one_line(reason)),
        }
    }
}

/// One case of the suite, and what came of it.
///
/// ```
/// use sealed_session_conformance::plugin::{self, Family, Subject};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let report = plugin::run(|| {
///     let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
///     Subject::new(store, Family::Stateless)
/// });
/// for outcome in &report {
///     println!("{}: {}", outcome.name, outcome.behaviour);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The case's name, in the form of a function's.
    pub name: &'static str,
    /// What passes it does, in one sentence.
    pub behaviour: &'static str,
    /// What came of it.
    pub result: CaseResult,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ... {}", self.name, self.result)
    }
}

/// What came of a run, case by case. `Display` prints a line for each, and one with their numbers.
///
/// ```
/// use sealed_session_conformance::CaseResult;
/// use sealed_session_conformance::plugin::{self, Family, Subject};
/// use sealed_session::{KeyRing, RootSecret, SealedStore};
///
/// let report = plugin::run(|| {
///     let store = SealedStore::builder(KeyRing::single(RootSecret::generate().unwrap())).build().unwrap();
///     Subject::new(store, Family::Stateless)
/// });
/// assert!(report.outcomes().iter().any(|outcome| outcome.result == CaseResult::Passed));
/// println!("{report}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a failure is only in the report; `assert_passed` panics for it"]
pub struct Report {
    outcomes: Vec<Outcome>,
}

impl Report {
    pub(crate) fn new(outcomes: Vec<Outcome>) -> Self {
        Self { outcomes }
    }

    /// Every case, in the order in which they ran.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The cases that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.iter().filter(|outcome| matches!(outcome.result, CaseResult::Failed(_)))
    }

    /// The cases that did not run, for want of something that the subject does not offer.
    pub fn not_run(&self) -> impl Iterator<Item = &Outcome> {
        self.iter().filter(|outcome| matches!(outcome.result, CaseResult::NotRun(_)))
    }

    /// Does nothing if no case failed. Cases that did not run are no failures; who wants none of them
    /// checks [`not_run`](Self::not_run) as well.
    ///
    /// # Panics
    /// When a case failed; the message lists every one that did, with its name, behaviour and failure.
    #[track_caller]
    pub fn assert_passed(&self) {
        let failures: Vec<_> = self.failures().map(|o| format!("\n{o}\n    {}", o.behaviour)).collect();
        let (failed, all) = (failures.len(), self.outcomes.len());
        assert!(failures.is_empty(), "{failed} of {all} cases failed:{}", failures.concat());
    }

    fn iter(&self) -> slice::Iter<'_, Outcome> {
        self.outcomes.iter()
    }
}

impl<'a> IntoIterator for &'a Report {
    type Item = &'a Outcome;
    type IntoIter = slice::Iter<'a, Outcome>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self {
            writeln!(f, "{outcome}")?;
        }
        let (failed, not_run) = (self.failures().count(), self.not_run().count());
        let passed = self.outcomes.len() - failed - not_run;
        write!(f, "{passed} passed, {failed} failed, {not_run} not run")
    }
}

/// What a panic said.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

/// A message of foreign code or a panic may have several lines, and a report has one for each case.
fn one_line(message: &str) -> String {
    message.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}
