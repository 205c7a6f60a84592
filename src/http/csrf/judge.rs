//! What becomes of a request, by what its browser says of where it comes from. A pure function.

use http::header::UPGRADE;
use http::{HeaderMap, Method, Request, Version};

use crate::http::fetch_metadata::Site;

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Read,
    Write,
    /// To open a connection that reads and writes, as a WebSocket does.
    Upgrade,
}

/// Whose pages send the request, by `Origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Absent,
    Own,
    Trusted,
    /// `null`: a page without an origin of its own, or one that may not tell it.
    Opaque,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passes,
    PassesWithoutSessionCookie,
    NeedsToken,
    Refused,
}

/// The first row that fits:
///
/// | act | `Origin` | `Sec-Fetch-Site` | verdict |
/// |---|---|---|---|
/// | read | any | any | passes |
/// | upgrade | own, trusted | any | passes |
/// | upgrade | absent | own, absent | passes |
/// | upgrade | any | any | refused |
/// | write | trusted | any | passes* |
/// | write | any | own | passes* |
/// | write | any | other | refused |
/// | write | own | absent | passes* |
/// | write | `null` | absent | needs a token |
/// | write | absent | absent | needs a token if it brings a session cookie* |
/// | write | other | absent | refused |
///
/// \* Needs a token in any case where tokens are required.
pub(super) fn judge(act: Act, sender: Sender, site: Site, requires_token: bool) -> Verdict {
    let allowed = if requires_token { Verdict::NeedsToken } else { Verdict::Passes };
    match (act, sender, site) {
        (Act::Read, ..)
        | (Act::Upgrade, Sender::Own | Sender::Trusted, _)
        | (Act::Upgrade, Sender::Absent, Site::Own | Site::Absent) => Verdict::Passes,
        (Act::Upgrade, ..) => Verdict::Refused,
        (Act::Write, Sender::Trusted, _) | (Act::Write, _, Site::Own) => allowed,
        (Act::Write, _, Site::Other) => Verdict::Refused,
        (Act::Write, Sender::Own, Site::Absent) => allowed,
        (Act::Write, Sender::Opaque, Site::Absent) => Verdict::NeedsToken,
        (Act::Write, Sender::Absent, Site::Absent) if requires_token => Verdict::NeedsToken,
        (Act::Write, Sender::Absent, Site::Absent) => Verdict::PassesWithoutSessionCookie,
        (Act::Write, Sender::Other, Site::Absent) => Verdict::Refused,
    }
}

impl Act {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        match *request.method() {
            Method::GET if asks_for_websocket(request.headers()) => Self::Upgrade,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE => Self::Read,
            // Only an extended CONNECT (RFC 8441) has a path. Browsers send it to open a WebSocket, and no page can.
            Method::CONNECT if request.version() >= Version::HTTP_2 && !request.uri().path().is_empty() => {
                Self::Upgrade
            }
            _ => Self::Write,
        }
    }
}

/// A proxy may leave `Connection` out, and a server that takes the connection over regardless is to be guarded too.
fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let mut protocols =
        headers.get_all(UPGRADE).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    protocols.any(|protocol| {
        let name = protocol.split(|&byte| byte == b'/').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"websocket")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTS: [Act; 3] = [Act::Read, Act::Write, Act::Upgrade];
    const SENDERS: [Sender; 5] =
        [Sender::Absent, Sender::Own, Sender::Trusted, Sender::Opaque, Sender::Other];
    const SITES: [Site; 3] = [Site::Absent, Site::Own, Site::Other];

    fn every_case(check: impl Fn(Act, Sender, Site, bool, Verdict)) {
        for act in ACTS {
            for sender in SENDERS {
                for site in SITES {
                    for requires in [false, true] {
                        check(act, sender, site, requires, judge(act, sender, site, requires));
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_browser_says_is_of_another_site_passes_only_if_it_is_trusted_or_reads() {
        every_case(|act, sender, site, requires, verdict| {
            let says_other = match act {
                Act::Upgrade => matches!(sender, Sender::Opaque | Sender::Other),
                _ => site == Site::Other || (site == Site::Absent && sender == Sender::Other),
            };
            let is_refused = says_other && act != Act::Read && sender != Sender::Trusted;
            let is_other_upgrade = act == Act::Upgrade && sender == Sender::Absent && site == Site::Other;
            let expected = is_refused || is_other_upgrade;
            assert_eq!(verdict == Verdict::Refused, expected, "{act:?} {sender:?} {site:?} {requires}");
        });
    }

    #[test]
    fn tokens_are_for_writing_where_they_are_required_or_nobody_says_enough() {
        every_case(|act, sender, site, requires, verdict| {
            let case = format!("{act:?} {sender:?} {site:?} {requires}");
            if act != Act::Write {
                assert!(matches!(verdict, Verdict::Passes | Verdict::Refused), "{case}");
            } else if requires {
                assert!(matches!(verdict, Verdict::NeedsToken | Verdict::Refused), "{case}");
            } else {
                let is_silent = site == Site::Absent && sender == Sender::Absent;
                assert_eq!(verdict == Verdict::PassesWithoutSessionCookie, is_silent, "{case}");
                let is_hidden = site == Site::Absent && sender == Sender::Opaque;
                assert_eq!(verdict == Verdict::NeedsToken, is_hidden, "{case}");
            }
        });
    }
}
