//! What a case is, how it ends early, and the checks that cases are made of.

use std::fmt::Debug;

use sealed_session::{SessionError, SessionRecord};

use super::probe::Probe;
use super::subject::{Family, Subject};

/// One behaviour, and how to look for it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) behaviour: &'static str,
    pub(super) check: fn(&Probe) -> Check,
    scope: Scope,
}

/// Whom a case concerns.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    All,
    Only(Family),
    /// Who can take a session back.
    Revoking,
}

/// What a case comes to: nothing to complain of, or an early end.
pub(super) type Check = Result<(), Stop>;

/// Why a case ended before its end.
#[derive(Debug)]
pub(super) enum Stop {
    Failed(String),
    NotRun(String),
}

impl Case {
    pub(super) const fn new(name: &'static str, behaviour: &'static str, check: fn(&Probe) -> Check) -> Self {
        Self { name, behaviour, check, scope: Scope::All }
    }

    /// The same case, for some only.
    pub(super) const fn only(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    pub(super) fn concerns(&self, subject: &Subject) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Only(family) => subject.family == family,
            Scope::Revoking => subject.revokes,
        }
    }
}

/// A case that bears the name of the function that checks it.
macro_rules! case {
    ($check:ident, $behaviour:literal) => {
        $crate::plugin::case::Case::new(stringify!($check), $behaviour, $check)
    };
}

/// Fails the case with a message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::plugin::case::Stop::Failed(format!($($message)+)));
        }
    };
}

pub(super) use {case, ensure};

pub(super) fn same<T: PartialEq + Debug>(what: &str, got: T, expected: T) -> Check {
    ensure!(got == expected, "{what}: expected {}, got {}", shown(&expected), shown(&got));
    Ok(())
}

/// All but the id: that may change.
pub(super) fn same_state(what: &str, got: &SessionRecord, expected: &SessionRecord) -> Check {
    same(&format!("user_id {what}"), &got.user_id, &expected.user_id)?;
    same(&format!("data_json {what}"), &got.data_json, &expected.data_json)?;
    same(&format!("created_at_ms {what}"), got.created_at_ms, expected.created_at_ms)?;
    same(&format!("expires_at_ms {what}"), got.expires_at_ms, expected.expires_at_ms)
}

pub(super) fn not_found<T>(what: &str, result: Result<T, SessionError>) -> Check {
    let error = refusal(what, result)?;
    ensure!(error == SessionError::NotFound, "{what}: expected NotFound, got {}", shown(&error));
    Ok(())
}

pub(super) fn invalid<T>(what: &str, result: Result<T, SessionError>) -> Check {
    let error = refusal(what, result)?;
    ensure!(matches!(error, SessionError::Invalid(_)), "{what}: expected Invalid, got {}", shown(&error));
    Ok(())
}

/// The error, where success would be a failure.
pub(super) fn refusal<T>(what: &str, result: Result<T, SessionError>) -> Result<SessionError, Stop> {
    result.err().ok_or_else(|| Stop::Failed(format!("{what}: it must be refused, and was not")))
}

/// A value for a message, in which a megabyte would help nobody.
pub(super) fn shown(value: &dyn Debug) -> String {
    const LONGEST: usize = 120;
    let text = format!("{value:?}");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}... ({} bytes)", text.get(..end).unwrap_or_default(), text.len()),
        None => text,
    }
}
