//! What a request's cookies say about forged requests, without opening them.

use sha2::{Digest as _, Sha256};

use crate::http::Session;
use crate::uid::SessionUid;

/// So that the hash of the cookies is one of nothing else.
const LABEL: &[u8] = b"sealed-session: CSRF token of cookies that stay";

impl Session {
    /// Whether the request brings a cookie that may be of a session, bound to a device or not.
    pub(super) fn brings_cookie(&self) -> bool {
        let brings = |cookies| {
            let presented = self.presented_as(cookies);
            !presented.is_empty() || presented.has_second()
        };
        self.carrier().cookies().into_iter().flatten().any(brings) || brings(&self.config().cookies)
    }

    /// What a token speaks of where the request's cookies open no session here and now, and stay in place: of the
    /// cookies. The next request brings the same ones. Only who has them all gets a token of them.
    pub(in crate::http) fn uid_of_cookies(&self) -> Option<SessionUid> {
        let mut hash = Sha256::new_with_prefix(LABEL);
        let mut is_empty = true;
        let mut add = |token: &[u8]| {
            is_empty = false;
            hash.update(Sha256::digest(token));
        };
        self.presented().tokens().for_each(&mut add);
        if let Some(bound) = self.bound_presented() {
            bound.tokens().for_each(&mut add);
        }
        if is_empty {
            return None;
        }
        let hash: [u8; 32] = hash.finalize().into();
        hash.first_chunk().copied().map(SessionUid::from_bytes)
    }
}
