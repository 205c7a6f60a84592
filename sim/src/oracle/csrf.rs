//! Which requests a defence against forged ones lets through: the rules in prose, once more as code.

use sealed_session::SessionUid;

use super::{Checked, Ending, Oracle, Trace, hold};
use crate::script::{MINUTE, Site};
use crate::sender::{Act, Origin};

/// So long after it was made, a token is of a key that counts.
const FRESH_MS: u64 = 5 * MINUTE;

/// The token that a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Brings {
    #[default]
    Nothing,
    /// Of this session, made then.
    Of(SessionUid, u64),
    Garbage,
}

/// A request as the defence sees it.
#[derive(Debug, Clone, Copy)]
pub struct Guarded {
    pub act: Act,
    pub origin: Origin,
    pub site: Site,
    pub names_a_host: bool,
    pub requires_token: bool,
    pub brings: Brings,
}

enum Verdict {
    Passes,
    Refused,
    Needs,
}

impl Guarded {
    fn is_of_own_origin(self) -> bool {
        matches!(self.origin, Origin::Own | Origin::OwnPort) && self.names_a_host
    }

    fn verdict(self, brings_cookie: bool) -> Verdict {
        let trusted = self.origin == Origin::Trusted;
        let says_own = self.site == Site::Same;
        let says_other = matches!(self.site, Site::Sibling | Site::Link | Site::Post | Site::Frame);
        match self.act {
            Act::Get | Act::Head => return Verdict::Passes,
            Act::Upgrade | Act::Connect => {
                let silent = self.origin == Origin::Absent && !says_other;
                let passes = silent || trusted || self.is_of_own_origin();
                return if passes { Verdict::Passes } else { Verdict::Refused };
            }
            Act::Post | Act::Delete => {}
        }
        let passes = trusted || says_own || (!says_other && self.is_of_own_origin());
        let silent = !says_other && self.origin == Origin::Absent;
        match () {
            () if passes && !self.requires_token => Verdict::Passes,
            () if passes => Verdict::Needs,
            () if says_other => Verdict::Refused,
            () if self.origin == Origin::Null => Verdict::Needs,
            () if silent && !brings_cookie && !self.requires_token => Verdict::Passes,
            () if silent => Verdict::Needs,
            () => Verdict::Refused,
        }
    }
}

impl Oracle {
    /// A handler has made a token.
    pub(super) fn made_token(&mut self, uid: Option<SessionUid>, token: String, now_ms: u64) {
        if let Some(uid) = uid {
            self.csrf.insert(uid, (token, now_ms));
        }
    }

    /// The token that a page of this session has, and when it was made.
    pub fn csrf_token(&self, trace: &Trace) -> Option<(SessionUid, String, u64)> {
        let uid = self.came(trace)?.uid;
        self.csrf.get(&uid).map(|(token, at_ms)| (uid, token.clone(), *at_ms))
    }

    /// One of another session.
    pub fn csrf_token_of_another(&self, trace: &Trace) -> Option<(SessionUid, String, u64)> {
        let own = self.came(trace).map(|token| token.uid);
        let other = self.csrf.iter().find(|(uid, _)| Some(**uid) != own)?;
        Some((*other.0, other.1.0.clone(), other.1.1))
    }

    pub(super) fn check_guard(&self, trace: &mut Trace, ending: &Ending<'_>) -> Checked {
        let Some(guarded) = trace.guarded else { return Ok(()) };
        let came = self.came(trace);
        if let (None, Some(token)) = (&trace.saw, &came) {
            self.weigh(trace, token);
        }
        let handled = trace.is_reached;
        let told = || format!("{guarded:?} is answered with {:?}", ending.status);
        let lives = came.filter(|_| trace.came_alive).map(|token| token.uid);
        let passes = match (guarded.verdict(trace.brings_cookie), guarded.brings) {
            (Verdict::Passes, _) => true,
            (Verdict::Refused, _) | (Verdict::Needs, Brings::Nothing | Brings::Garbage) => false,
            (Verdict::Needs, Brings::Of(uid, at_ms)) => match lives {
                Some(lives) if lives == uid && !self.rings.agree_since(at_ms) => return Ok(()),
                Some(lives) if lives == uid && ending.now_ms - at_ms < FRESH_MS => true,
                Some(lives) if lives != uid => false,
                None if !trace.brings_cookie => false,
                // Whether its key still counts, and whether there is a session, is not known here.
                _ => return Ok(()),
            },
        };
        hold(handled || !passes, "own pages get through", told)?;
        hold(!handled || passes, "no other site acts here", told)?;
        // Nothing goes where the server restarts while the answer waits for the backend.
        hold(handled || ending.status.is_none_or(|status| status == 403), "no other site acts here", told)
    }
}
