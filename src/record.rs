//! The record: what a token seals, as bytes. No cryptography, no policy.
//!
//! ```text
//! field          octets   (integers big-endian)
//! created_at_ms       8   when the session began
//! renewed_at_ms       8   when expires_at_ms was last set
//! expires_at_ms       8
//! session uid        16
//! user id         2 + n   length, then UTF-8; length 0xFFFF stands for anonymous
//! data            4 + n   length, then the UTF-8 text of a JSON object
//! padding          rest   zero octets
//! ```
//!
//! There is exactly one encoding of a record with a given amount of padding.

use crate::error::Reason;
use crate::uid::SessionUid;

/// Octets of a record with an empty user id, empty data and no padding.
pub(crate) const MIN_LEN: usize = 3 * 8 + SessionUid::LEN + 2 + 4;
/// The length field that stands for an anonymous session.
const ANONYMOUS: u16 = u16::MAX;
/// The longest user id, in octets.
pub(crate) const MAX_USER_ID_LEN: usize = ANONYMOUS as usize - 1;

/// The three times of a session, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// When the session began; the absolute lifetime counts from here.
    pub(crate) created: u64,
    /// When `expires` was last set.
    pub(crate) renewed: u64,
    /// When the session expires unless it is renewed.
    pub(crate) expires: u64,
}

impl Times {
    /// Every record's times are in order; one that is not would have no meaningful TTL.
    pub(crate) fn check_order(self) -> Result<(), Reason> {
        if self.created <= self.renewed && self.renewed < self.expires {
            Ok(())
        } else {
            Err(Reason::TimeOrder)
        }
    }
}

/// The fields of a record, borrowed from where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) times: Times,
    pub(crate) uid: SessionUid,
    pub(crate) user_id: Option<&'a str>,
    pub(crate) data: &'a str,
}

/// Octets of a record without padding.
pub(crate) fn unpadded_len(user_id: Option<&str>, data: &str) -> usize {
    MIN_LEN + user_id.map_or(0, str::len) + data.len()
}

impl<'a> Record<'a> {
    /// Appends the record to `out`, zero-padded to `padded_len` octets in all.
    ///
    /// The caller has checked that the user id has at most [`MAX_USER_ID_LEN`] octets and that the data
    /// fits a token; a length that did not fit its field would be cut to the field's maximum, and refused
    /// by every opener.
    pub(crate) fn encode(&self, padded_len: usize, out: &mut Vec<u8>) {
        let end = out.len() + padded_len.max(unpadded_len(self.user_id, self.data));
        for time in [self.times.created, self.times.renewed, self.times.expires] {
            out.extend_from_slice(&time.to_be_bytes());
        }
        out.extend_from_slice(self.uid.as_bytes());
        let user_len = self.user_id.map_or(ANONYMOUS, |user| u16::try_from(user.len()).unwrap_or(ANONYMOUS));
        out.extend_from_slice(&user_len.to_be_bytes());
        out.extend_from_slice(self.user_id.unwrap_or_default().as_bytes());
        let data_len = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&data_len.to_be_bytes());
        out.extend_from_slice(self.data.as_bytes());
        out.resize(end, 0);
    }

    /// Reads a record. Fields that do not fit, text that is not UTF-8, and padding that is not zero are
    /// refused; the order of the times is for [`Times::check_order`].
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Reason> {
        let mut rest = Reader(bytes);
        let created = u64::from_be_bytes(rest.array()?);
        let renewed = u64::from_be_bytes(rest.array()?);
        let expires = u64::from_be_bytes(rest.array()?);
        let uid = SessionUid::from_bytes(rest.array()?);
        let user_id = match u16::from_be_bytes(rest.array()?) {
            ANONYMOUS => None,
            len => Some(rest.text(len.into(), Reason::RecordUserId)?),
        };
        let data_len = u32::from_be_bytes(rest.array()?);
        let data_len = usize::try_from(data_len).map_err(|_| Reason::RecordData)?;
        let data = rest.text(data_len, Reason::RecordData)?;
        if rest.0.iter().any(|&octet| octet != 0) {
            return Err(Reason::Padding);
        }
        Ok(Self { times: Times { created, renewed, expires }, uid, user_id, data })
    }
}

/// What is left of a record while it is read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(Reason::RecordTruncated)?;
        self.0 = rest;
        Ok(*field)
    }

    fn text(&mut self, len: usize, otherwise: Reason) -> Result<&'a str, Reason> {
        let (field, rest) = self.0.split_at_checked(len).ok_or(otherwise)?;
        self.0 = rest;
        std::str::from_utf8(field).map_err(|_| otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { created: 1, renewed: 2, expires: 3 };

    fn record<'a>(user_id: Option<&'a str>, data: &'a str) -> Record<'a> {
        Record { times: TIMES, uid: SessionUid::from_bytes([7; 16]), user_id, data }
    }

    fn encoded(record: Record<'_>, padded_len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        record.encode(padded_len, &mut bytes);
        bytes
    }

    #[test]
    fn an_empty_record_has_46_octets() {
        assert_eq!(encoded(record(None, ""), 0).len(), 46);
        assert_eq!(MIN_LEN, 46);
    }

    #[test]
    fn anonymous_and_the_empty_user_are_different() {
        let anonymous = encoded(record(None, "{}"), 0);
        let empty = encoded(record(Some(""), "{}"), 0);
        assert_eq!(Record::parse(&anonymous), Ok(record(None, "{}")));
        assert_eq!(Record::parse(&empty), Ok(record(Some(""), "{}")));
        assert_ne!(anonymous, empty);
    }

    #[test]
    fn the_longest_user_id_is_not_anonymous() {
        let user = "u".repeat(MAX_USER_ID_LEN);
        let bytes = encoded(record(Some(&user), "{}"), 0);
        assert_eq!(Record::parse(&bytes), Ok(record(Some(&user), "{}")));
    }

    #[test]
    fn every_truncation_is_refused() {
        let bytes = encoded(record(Some("user"), "{\"a\":1}"), 0);
        for len in 0..bytes.len() {
            assert!(Record::parse(&bytes[..len]).is_err(), "{len} octets");
        }
    }

    #[test]
    fn any_octet_of_padding_that_is_not_zero_is_refused() {
        let bytes = encoded(record(Some("user"), "{}"), 64);
        assert_eq!(Record::parse(&bytes), Ok(record(Some("user"), "{}")));
        for at in bytes.len() - 12..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] = 1;
            assert_eq!(Record::parse(&changed), Err(Reason::Padding), "octet {at}");
        }
    }

    #[test]
    fn lengths_that_overrun_and_text_that_is_not_utf8_are_refused_by_field() {
        let bytes = encoded(record(Some("user"), "{}"), 0);
        let with = |at: usize, octet: u8| {
            let mut changed = bytes.clone();
            changed[at] = octet;
            Record::parse(&changed).map(|_| ())
        };
        assert_eq!(with(41, 0xF0), Err(Reason::RecordUserId)); // low octet of the user id's length
        assert_eq!(with(42, 0xFF), Err(Reason::RecordUserId)); // first octet of the user id
        assert_eq!(with(46, 0xFF), Err(Reason::RecordData)); // high octet of the data's length
        assert_eq!(with(49, 3), Err(Reason::RecordData)); // low octet: one more than there is
        assert_eq!(with(50, 0xC3), Err(Reason::RecordData)); // first octet of the data
        assert_eq!(with(41, 8), Err(Reason::RecordTruncated)); // the data's length no longer fits
    }

    #[test]
    fn times_out_of_order_are_refused() {
        let order = |created, renewed, expires| Times { created, renewed, expires }.check_order();
        assert_eq!(order(0, 0, 1), Ok(()));
        assert_eq!(order(5, 4, 9), Err(Reason::TimeOrder));
        assert_eq!(order(0, 7, 7), Err(Reason::TimeOrder));
        assert_eq!(order(0, 8, 7), Err(Reason::TimeOrder));
        assert_eq!(order(u64::MAX, u64::MAX, u64::MAX), Err(Reason::TimeOrder));
        assert_eq!(order(0, 0, u64::MAX), Ok(()));
    }
}
