//! The record (SPEC.md, section 4) and the checks on it (section 10, steps 5 and 6).

use sealed_session::Reason;

/// A record that parses, with what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub created: u64,
    pub renewed: u64,
    pub expires: u64,
    pub uid: [u8; 16],
    pub user: Option<String>,
    pub data: String,
    pub padding: usize,
}

/// Octets of a record without padding.
pub fn len(user: Option<&str>, data: &str) -> usize {
    46 + user.map_or(0, str::len) + data.len()
}

/// All of step 5 but the check against the clock.
pub fn read(bytes: &[u8]) -> Result<Record, Reason> {
    if bytes.len() < 42 {
        return Err(Reason::RecordTruncated);
    }
    let anonymous = bytes[40..42] == [0xFF, 0xFF];
    let data_len_at = 42 + if anonymous { 0 } else { number(&bytes[40..42]) as usize };
    let user = string(bytes.get(42..data_len_at), Reason::RecordUserId)?;
    let data_at = data_len_at + 4;
    let data_len = number(bytes.get(data_len_at..data_at).ok_or(Reason::RecordTruncated)?) as usize;
    let end = data_at + data_len;
    let data = string(bytes.get(data_at..end), Reason::RecordData)?;
    if bytes[end..].iter().any(|&octet| octet > 0) {
        return Err(Reason::Padding);
    }
    let (created, renewed, expires) = (number(&bytes[..8]), number(&bytes[8..16]), number(&bytes[16..24]));
    if created > renewed || renewed >= expires {
        return Err(Reason::TimeOrder);
    }
    let user = if anonymous { None } else { Some(user) };
    let uid = bytes[24..40].try_into().unwrap();
    Ok(Record { created, renewed, expires, uid, user, data, padding: bytes.len() - end })
}

impl Record {
    /// The checks against a clock.
    pub fn check(&self, now: u64, leeway: u64, lifetime: u64) -> Result<(), Reason> {
        if self.renewed > now.saturating_add(leeway) {
            return Err(Reason::Future);
        }
        if now >= self.end(lifetime) {
            return Err(Reason::Expired);
        }
        Ok(())
    }

    /// The first millisecond at which the session is over.
    pub fn end(&self, lifetime: u64) -> u64 {
        self.expires.min(self.created.saturating_add(lifetime))
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &octet| number << 8 | u64::from(octet))
}

fn string(bytes: Option<&[u8]>, otherwise: Reason) -> Result<String, Reason> {
    bytes.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()).ok_or(otherwise)
}
