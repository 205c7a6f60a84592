//! The wire layout by itself: token text and bytes, record bytes and fields. No key is involved.

use super::Fields;
use crate::error::Reason;
use crate::record::{self, Record};
use crate::token;

/// The bytes of a token's text, as an opener reads them: its length and its base64url are checked, nothing
/// else.
///
/// # Errors
/// [`Reason::Length`] and [`Reason::Base64`].
///
/// ```
/// use sealed_session::Reason;
/// use sealed_session::hazmat::{decode_token, encode_token};
///
/// let text = encode_token(&[1; 104]);
/// assert_eq!(decode_token(&text)?, [1; 104]);
/// let padded = format!("{text}=");
/// assert_eq!(decode_token(&padded), Err(Reason::Base64));
/// # Ok::<(), Reason>(())
/// ```
pub fn decode_token(text: &str) -> Result<Vec<u8>, Reason> {
    Ok(token::decode(text.as_bytes(), &mut [0; token::MAX_LEN])?.to_vec())
}

/// The one text of a token's bytes, whether or not they are a token.
///
/// ```
/// use sealed_session::hazmat::encode_token;
///
/// assert_eq!(encode_token(&[0xFB, 0xFF]), "-_8");
/// ```
#[must_use]
pub fn encode_token(bytes: &[u8]) -> String {
    token::encode(bytes)
}

/// The fields of a record, and how many octets of padding follow them. All that an opener checks without a
/// clock is checked: that it parses, the padding, and the order of the times.
///
/// # Errors
/// The [`Reason`] of the first check that fails.
///
/// ```
/// use sealed_session::Reason;
/// use sealed_session::hazmat::parse_record;
///
/// let mut record = [0; 48];
/// assert_eq!(parse_record(&record).map(|_| ()), Err(Reason::TimeOrder));
/// record[23] = 3; // expires_at_ms
/// let (fields, padding) = parse_record(&record)?;
/// assert_eq!((fields.expires_at_ms, fields.user_id, fields.data, padding), (3, Some(""), "", 2));
/// assert_eq!(fields.encode(padding), record);
/// # Ok::<(), Reason>(())
/// ```
pub fn parse_record(bytes: &[u8]) -> Result<(Fields<'_>, usize), Reason> {
    let record = Record::parse(bytes)?;
    record.times.check_order()?;
    let fields = Fields {
        created_at_ms: record.times.created,
        renewed_at_ms: record.times.renewed,
        expires_at_ms: record.times.expires,
        uid: record.uid,
        user_id: record.user_id,
        data: record.data,
    };
    Ok((fields, bytes.len().saturating_sub(record::unpadded_len(record.user_id, record.data))))
}
