//! Pure rules: how long sessions live, which clocks are believed, and how large a token may be. No clock, no
//! randomness, no keys.

use crate::error::{Reason, SealError};
use crate::record::{self, Times};
use crate::ring::KeyState;
use crate::token;

/// The most octets of a cookie's name and value together that browsers keep (RFC 6265bis, section 5.7).
pub(crate) const MAX_COOKIE_OCTETS: usize = 4096;

/// For how long servers may have different limits while new settings are being deployed.
const DEPLOYING_MS: u64 = 10 * 60 * 1000;

/// The settings of a store that the rules need. All times in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) default_ttl_ms: u64,
    pub(crate) max_ttl_ms: u64,
    pub(crate) max_lifetime_ms: u64,
    pub(crate) leeway_ms: u64,
    /// Records are padded to a multiple of so many octets; 1 for no padding.
    pub(crate) padding: usize,
    /// The longest token that is made.
    pub(crate) max_token_chars: usize,
}

impl Policy {
    /// The times of a session that begins now.
    pub(crate) fn begin(&self, now: u64, asked_ttl_ms: u64) -> Result<Times, SealError> {
        let times = Times { created: now, renewed: now, expires: self.expiry(now, now, asked_ttl_ms) };
        times.check_order().map_err(|_| SealError::ExpiredAtOnce)?;
        Ok(times)
    }

    /// The times of a session that is renewed now. It may be shortened as well as extended; when its
    /// absolute lifetime leaves it none, it is expired.
    ///
    /// A session that another server renewed in this server's future is renewed from then, so that
    /// `renewed` never goes back.
    pub(crate) fn renew(&self, times: Times, now: u64, asked_ttl_ms: u64) -> Result<Times, Reason> {
        let renewed = now.max(times.renewed);
        let expires = self.expiry(times.created, renewed, asked_ttl_ms);
        if expires <= renewed {
            return Err(Reason::Expired);
        }
        Ok(Times { renewed, expires, ..times })
    }

    /// When a session expires: at the time that was sealed, at the end of its absolute lifetime or a maximum TTL
    /// after its renewal, whichever comes first. A limit that became shorter counts for sessions that exist.
    pub(crate) fn expires_at(&self, times: Times) -> u64 {
        times.expires.min(self.limit(times))
    }

    /// A session renewed further ahead than clocks may differ was not made by a server of ours.
    pub(crate) fn check_renewed(&self, times: Times, now: u64) -> Result<(), Reason> {
        if times.renewed <= now.saturating_add(self.leeway_ms) { Ok(()) } else { Err(Reason::Future) }
    }

    /// A session is expired from the millisecond of its expiry on.
    pub(crate) fn check_live(&self, times: Times, now: u64) -> Result<(), Reason> {
        if now < self.expires_at(times) { Ok(()) } else { Err(Reason::Expired) }
    }

    /// Whether a session that is over would not be by its own expiry, and has not been over for long: servers with
    /// other limits may still accept it while settings are being deployed.
    pub(crate) fn is_over_by_stricter_limits(&self, times: Times, now: u64) -> bool {
        now < times.expires && now.saturating_sub(self.expires_at(times)) < DEPLOYING_MS
    }

    /// Octets of the record once padded, if its token is not too long.
    ///
    /// Padding stops at the size limit: it hides a length, and must not make a session fail.
    pub(crate) fn padded_len(&self, user_id: Option<&str>, data: &str) -> Result<usize, SealError> {
        check_user_id(user_id)?;
        let len = record::unpadded_len(user_id, data);
        let longest = token::max_record_len(self.max_token_chars);
        if len > longest {
            let needed = token::encoded_len(len);
            return Err(SealError::TooLarge { needed, allowed: self.max_token_chars });
        }
        Ok(len.next_multiple_of(self.padding).min(longest))
    }

    /// Refuses data that leave less than so many octets.
    #[cfg(feature = "tower")]
    pub(crate) fn check_room(&self, user_id: Option<&str>, data: &str, room: usize) -> Result<(), SealError> {
        check_user_id(user_id)?;
        let len = record::unpadded_len(user_id, data).saturating_add(room);
        if len <= token::max_record_len(self.max_token_chars) {
            return Ok(());
        }
        Err(SealError::TooLarge { needed: token::encoded_len(len), allowed: self.max_token_chars })
    }

    /// Octets by which the data may still grow.
    pub(crate) fn remaining(&self, user_id: Option<&str>, data: &str) -> Result<usize, SealError> {
        self.padded_len(user_id, data)?;
        Ok(token::max_record_len(self.max_token_chars) - record::unpadded_len(user_id, data))
    }

    /// When a session ends by this store's settings, whatever was sealed.
    fn limit(&self, Times { created, renewed, .. }: Times) -> u64 {
        let lifetime = created.saturating_add(self.max_lifetime_ms);
        lifetime.min(renewed.saturating_add(self.max_ttl_ms))
    }

    fn expiry(&self, created: u64, renewed: u64, asked_ttl_ms: u64) -> u64 {
        let ttl = if asked_ttl_ms == 0 { self.default_ttl_ms } else { asked_ttl_ms };
        self.expires_at(Times { created, renewed, expires: renewed.saturating_add(ttl) })
    }
}

/// When a session is sealed anew because a newer key seals by now. Until its key is gone it opens anyway; this
/// is about how many answers carry a new cookie for it, and how soon an old key is no longer needed.
///
/// ```
/// use sealed_session::{CreateOptions, KeyRing, ResealPolicy, Root, RootSecret, SealedStore, SessionPlugin};
///
/// let old = RootSecret::generate()?;
/// let text = old.to_text();
/// let store = SealedStore::builder(KeyRing::single(old)).build()?;
/// let id = store.create(CreateOptions::default())?;
/// let now_ms = store.read(&id)?.created_at_ms;
/// assert!(!store.open(&id)?.should_reseal(ResealPolicy::Always, now_ms));
///
/// let new = Root::new(RootSecret::generate()?).activating_at(1);
/// store.replace_ring(KeyRing::new(vec![Root::new(text.parse()?), new])?)?;
/// assert!(store.open(&id)?.should_reseal(ResealPolicy::Always, now_ms));
/// assert!(!store.open(&id)?.should_reseal(ResealPolicy::PastPercent(50), now_ms));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResealPolicy {
    /// At the first use after a rotation.
    #[default]
    Always,
    /// At the first use after a rotation for which so many percent of the session's life, from its last
    /// renewal to its expiry, are over. Sessions that end early are never sealed anew. 0 is
    /// [`Always`](Self::Always), and 100 or more is never.
    PastPercent(u8),
}

impl ResealPolicy {
    /// A staged key is no reason: it is newer than the one that seals here, and another server's clock is ahead.
    pub(crate) fn reseals(self, state: KeyState, renewed: u64, expires: u64, now: u64) -> bool {
        let percent = match self {
            Self::Always => 0,
            Self::PastPercent(percent) => u128::from(percent),
        };
        let (life, over) = (expires.saturating_sub(renewed), now.saturating_sub(renewed));
        state == KeyState::Accepted && percent < 100 && u128::from(over) * 100 >= u128::from(life) * percent
    }
}

/// What becomes of a session's data at a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginData {
    /// The new session has it.
    Kept,
    /// The new session begins without.
    Empty,
}

/// The data that a login keeps: a visitor's, and a user's own. Nothing leaks from one user to another.
///
/// | Who it was | Who logs in | Data |
/// |---|---|---|
/// | nobody | anybody | kept |
/// | a user | the same | kept |
/// | a user | another | empty |
pub(crate) fn login_data(was: Option<&str>, becomes: &str) -> LoginData {
    match was {
        Some(was) if was != becomes => LoginData::Empty,
        _ => LoginData::Kept,
    }
}

fn check_user_id(user_id: Option<&str>) -> Result<(), SealError> {
    match user_id.map(str::len) {
        Some(len) if len > record::MAX_USER_ID_LEN => Err(SealError::UserIdTooLong { len }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        default_ttl_ms: 100,
        max_ttl_ms: 500,
        max_lifetime_ms: 1_000,
        leeway_ms: 10,
        padding: 16,
        max_token_chars: 200,
    };

    #[test]
    fn a_ttl_of_0_is_the_default_and_a_longer_one_is_cut() {
        let expires = |ttl| POLICY.begin(7, ttl).unwrap().expires;
        assert_eq!((expires(0), expires(1), expires(500), expires(501)), (107, 8, 507, 507));
        assert_eq!(expires(u64::MAX), 507);
    }

    #[test]
    fn a_session_at_the_end_of_time_is_not_made() {
        assert_eq!(POLICY.begin(u64::MAX, 0), Err(SealError::ExpiredAtOnce));
        assert_eq!(POLICY.begin(u64::MAX - 1, 0).unwrap().expires, u64::MAX);
    }

    #[test]
    fn renewing_extends_shortens_and_stops_at_the_absolute_lifetime() {
        let times = Times { created: 0, renewed: 100, expires: 200 };
        assert_eq!(POLICY.renew(times, 150, 0), Ok(Times { created: 0, renewed: 150, expires: 250 }));
        assert_eq!(POLICY.renew(times, 150, 1), Ok(Times { created: 0, renewed: 150, expires: 151 }));
        assert_eq!(POLICY.renew(times, 999, 500), Ok(Times { created: 0, renewed: 999, expires: 1_000 }));
        assert_eq!(POLICY.renew(times, 1_000, 500), Err(Reason::Expired));
    }

    #[test]
    fn renewing_never_goes_back_behind_another_servers_clock() {
        let times = Times { created: 100, renewed: 109, expires: 200 };
        assert_eq!(POLICY.renew(times, 100, 50), Ok(Times { created: 100, renewed: 109, expires: 159 }));
    }

    #[test]
    fn a_session_ends_at_its_expiry_its_lifetime_or_the_maximum_ttl_whichever_is_first() {
        for (created, renewed, expires, end) in [
            (0, 0, 5, 5),
            (0, 900, 1_200, 1_000),
            (0, 100, 1_200, 600),
            (0, 500, 1_000, 1_000),
            (0, 0, 500, 500),
        ] {
            let times = Times { created, renewed, expires };
            assert_eq!(POLICY.expires_at(times), end, "{times:?}");
            assert_eq!(POLICY.check_live(times, end - 1), Ok(()), "{times:?}");
            assert_eq!(POLICY.check_live(times, end), Err(Reason::Expired), "{times:?}");
        }
    }

    #[test]
    fn a_maximum_ttl_that_became_shorter_counts_for_sessions_that_exist() {
        let shorter = Policy { max_ttl_ms: 300, ..POLICY };
        let sealed_before = POLICY.begin(0, 500).unwrap();
        assert_eq!((sealed_before.expires, shorter.expires_at(sealed_before)), (500, 300));
        assert_eq!(shorter.check_live(sealed_before, 300), Err(Reason::Expired));
        assert_eq!(shorter.renew(sealed_before, 50, 500).unwrap().expires, 350, "and renewing gives no more");
    }

    #[test]
    fn no_limit_wraps_at_the_end_of_time() {
        let times = Times { created: u64::MAX - 2, renewed: u64::MAX - 1, expires: u64::MAX };
        assert_eq!(POLICY.expires_at(times), u64::MAX);
        let endless = Policy { max_ttl_ms: u64::MAX, max_lifetime_ms: u64::MAX, ..POLICY };
        assert_eq!(endless.expires_at(Times { created: 1, renewed: 1, expires: 7 }), 7);
        assert_eq!(endless.renew(times, u64::MAX - 1, u64::MAX).unwrap().expires, u64::MAX);
    }

    #[test]
    fn a_session_is_over_by_stricter_limits_while_its_own_expiry_lies_ahead() {
        let times = Times { created: 0, renewed: 0, expires: 2_000_000 };
        let over = |now| POLICY.is_over_by_stricter_limits(times, now);
        let limit = POLICY.expires_at(times);
        assert!(over(limit) && over(limit + DEPLOYING_MS - 1) && !over(limit + DEPLOYING_MS));
        let times = Times { expires: limit, ..times };
        assert!(!POLICY.is_over_by_stricter_limits(times, limit), "by its own");
    }

    #[test]
    fn a_renewal_in_the_future_is_believed_within_the_leeway() {
        let renewed = |renewed| Times { created: 0, renewed, expires: u64::MAX };
        assert_eq!(POLICY.check_renewed(renewed(60), 50), Ok(()));
        assert_eq!(POLICY.check_renewed(renewed(61), 50), Err(Reason::Future));
        assert_eq!(POLICY.check_renewed(renewed(u64::MAX), u64::MAX - 3), Ok(()));
    }

    #[test]
    fn padding_goes_to_the_next_multiple_and_stops_at_the_limit() {
        // 200 characters carry 150 octets, of which 93 are the record.
        assert_eq!(POLICY.padded_len(None, "{}").unwrap(), 48);
        assert_eq!(POLICY.padded_len(None, "{\"\":0}").unwrap(), 64);
        assert_eq!(POLICY.padded_len(None, &"x".repeat(40)).unwrap(), 93);
        assert_eq!(POLICY.padded_len(None, &"x".repeat(47)).unwrap(), 93);
        let too_large = SealError::TooLarge { needed: 202, allowed: 200 };
        assert_eq!(POLICY.padded_len(None, &"x".repeat(48)), Err(too_large));
    }

    #[test]
    fn what_remains_is_exactly_what_still_fits() {
        for user in [None, Some(""), Some("user")] {
            let left = POLICY.remaining(user, "{}").unwrap();
            assert!(POLICY.padded_len(user, &"x".repeat(2 + left)).is_ok());
            assert!(POLICY.padded_len(user, &"x".repeat(3 + left)).is_err());
        }
    }

    #[test]
    fn a_session_is_resealed_from_its_percentage_on() {
        let reseals =
            |percent, now| ResealPolicy::PastPercent(percent).reseals(KeyState::Accepted, 1_000, 2_000, now);
        for (percent, from) in [(1, 1_010), (50, 1_500), (99, 1_990)] {
            assert!(!reseals(percent, from - 1) && reseals(percent, from), "{percent} %");
        }
        assert!(reseals(0, 0) && reseals(0, 1_000), "even if this server's clock is behind");
        for never in [100, 101, u8::MAX] {
            assert!(!reseals(never, 1_999) && !reseals(never, u64::MAX), "{never} %");
        }
        let of_ages = ResealPolicy::PastPercent(99);
        let middle = u64::MAX / 100 * 98;
        assert!(!of_ages.reseals(KeyState::Accepted, 0, u64::MAX, middle));
        assert!(of_ages.reseals(KeyState::Accepted, 0, u64::MAX, u64::MAX));
    }

    #[test]
    fn only_a_key_that_a_newer_one_follows_is_a_reason_to_reseal() {
        for state in
            [KeyState::Staged, KeyState::Sealing, KeyState::Accepted, KeyState::Revoked, KeyState::Gone]
        {
            let reseals = ResealPolicy::default().reseals(state, 0, 10, 5);
            assert_eq!(reseals, state == KeyState::Accepted, "{state}");
        }
    }

    #[test]
    fn data_is_kept_from_nobody_and_from_the_same_user_only() {
        for (was, becomes, data) in [
            (None, "a", LoginData::Kept),
            (None, "", LoginData::Kept),
            (Some("a"), "a", LoginData::Kept),
            (Some(""), "", LoginData::Kept),
            (Some(""), "a", LoginData::Empty),
            (Some("a"), "", LoginData::Empty),
            (Some("a"), "A", LoginData::Empty),
            (Some("a"), "a ", LoginData::Empty),
        ] {
            assert_eq!(login_data(was, becomes), data, "{was:?} {becomes:?}");
        }
    }

    #[test]
    fn a_user_id_of_65535_bytes_would_read_as_anonymous() {
        let policy = Policy { max_token_chars: 200_000, ..POLICY };
        assert!(policy.padded_len(Some(&"u".repeat(65_534)), "{}").is_ok());
        let refused = policy.padded_len(Some(&"u".repeat(65_535)), "{}");
        assert_eq!(refused, Err(SealError::UserIdTooLong { len: 65_535 }));
    }
}
