//! The ring file (SPEC.md, section 8.4).

use crate::json::{self, Json, Text};
use crate::ring::{LAST_MS, Ring, Root};
use crate::root_secret;

/// Why there is no ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRing {
    /// The specification refuses the text.
    Refused,
    /// The specification leaves it open, or the crate is knowingly stricter: a string that is written with
    /// JSON escapes (they leave copies of secrets in memory), a leap second, the end of the year 9999.
    Unspecified,
}

use NoRing::{Refused, Unspecified};

/// The ring that a file's text describes.
pub fn read(text: &str) -> Result<Ring, NoRing> {
    let ring = object(json::read(text).ok_or(Refused)?, &["format", "max_ttl_s", "keys"])?;
    let format = string(member(&ring, "format")?)?;
    if format.says.as_deref() != Some("sealed-session-ring/1") {
        return Err(Refused);
    }
    let max_ttl_s = optional(&ring, "max_ttl_s").map_or(Ok(2_592_000), number)?;
    let Json::Array(keys) = member(&ring, "keys")? else { return Err(Refused) };
    let keys: Vec<_> = keys.iter().map(root).collect();
    let unspecified = format.escaped || keys.contains(&Err(Unspecified));
    let roots = keys.into_iter().filter(|key| *key != Err(Unspecified)).collect::<Result<_, _>>()?;
    let ring = Ring { max_ttl_s, roots };
    match (ring.is_sound(), unspecified) {
        (false, _) => Err(Refused),
        (true, true) => Err(Unspecified),
        (true, false) => Ok(ring),
    }
}

const ROOT: &[&str] = &["secret", "period_s", "created_at", "activate_at", "retire_at", "revoked"];

fn root(key: &Json) -> Result<Root, NoRing> {
    let key = object(key.clone(), ROOT)?;
    let period_s = number(member(&key, "period_s")?)?;
    let revoked = match member(&key, "revoked")? {
        Json::Bool(revoked) => *revoked,
        _ => return Err(Refused),
    };
    let secret = secret(member(&key, "secret")?);
    let created_at = optional(&key, "created_at").map(time).transpose();
    let activate_at = time(member(&key, "activate_at")?);
    let retire_at = Some(member(&key, "retire_at")?).filter(|value| **value != Json::Null);
    let retire_at = retire_at.map(time).transpose();
    let times = [created_at.map(|_| ()), activate_at.map(|_| ()), retire_at.map(|_| ())];
    if times.contains(&Err(Refused)) {
        return Err(Refused);
    }
    Ok(Root {
        secret: secret?,
        period_s,
        created_at: created_at?,
        activate_at: activate_at?,
        retire_at: retire_at?,
        revoked,
    })
}

fn secret(value: &Json) -> Result<Vec<u8>, NoRing> {
    let text = string(value)?;
    let secret = root_secret::read(text.says.as_deref().ok_or(Refused)?).ok_or(Refused)?;
    if text.escaped { Err(Unspecified) } else { Ok(secret) }
}

/// Milliseconds since 1970 of `YYYY-MM-DDTHH:MM:SS[.f[f[f]]]Z`.
pub fn time(value: &Json) -> Result<u64, NoRing> {
    let Text { says, escaped } = string(value)?;
    let text = says.as_deref().and_then(|text| text.strip_suffix('Z')).ok_or(Refused)?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !(1..=3).contains(&fraction.len()) || !shaped(seconds.as_bytes(), b"dddd-dd-ddTdd:dd:dd") {
        return Err(Refused);
    }
    let part = |at: usize, len: usize| seconds[at..at + len].parse::<u64>().map_err(|_| Refused);
    let (year, month, day) = (part(0, 4)?, part(5, 2)?, part(8, 2)?);
    let (hour, minute, second) = (part(11, 2)?, part(14, 2)?, part(17, 2)?);
    let of_month = days_of_month(year, month).ok_or(Refused)?;
    if year < 1970 || !(1..=of_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return Err(Refused);
    }
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Refused);
    }
    let millis: u64 = format!("{fraction:0<3}").parse().map_err(|_| Refused)?;
    let days = days_before(year, month) + day - 1;
    let ms = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis;
    if *escaped || second == 60 || ms > LAST_MS { Err(Unspecified) } else { Ok(ms) }
}

fn shaped(text: &[u8], shape: &[u8]) -> bool {
    let fits =
        |(octet, &mark): (&u8, &u8)| if mark == b'd' { octet.is_ascii_digit() } else { *octet == mark };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

/// Days from 1970 to the first of a month.
fn days_before(year: u64, month: u64) -> u64 {
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    years + (1..month).filter_map(|month| days_of_month(year, month)).sum::<u64>()
}

fn days_of_month(year: u64, month: u64) -> Option<u64> {
    match month {
        2 => Some(if is_leap(year) { 29 } else { 28 }),
        4 | 6 | 9 | 11 => Some(30),
        1..=12 => Some(31),
        _ => None,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

type Members = Vec<(String, Json)>;

/// The members of an object that has none but these, and none twice.
fn object(value: Json, names: &[&str]) -> Result<Members, NoRing> {
    let Json::Object(members) = value else { return Err(Refused) };
    let mut read = Members::new();
    for (Text { says, .. }, value) in members {
        let name = says.filter(|name| names.contains(&name.as_str())).ok_or(Refused)?;
        if optional(&read, &name).is_some() {
            return Err(Refused);
        }
        read.push((name, value));
    }
    Ok(read)
}

fn member<'a>(members: &'a Members, name: &str) -> Result<&'a Json, NoRing> {
    optional(members, name).ok_or(Refused)
}

fn optional<'a>(members: &'a Members, name: &str) -> Option<&'a Json> {
    members.iter().find(|(other, _)| other == name).map(|(_, value)| value)
}

fn string(value: &Json) -> Result<&Text, NoRing> {
    if let Json::Text(text) = value { Ok(text) } else { Err(Refused) }
}

/// A `u64`: digits and nothing else.
fn number(value: &Json) -> Result<u64, NoRing> {
    let Json::Number(spelled) = value else { return Err(Refused) };
    if !spelled.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(Refused);
    }
    spelled.parse().map_err(|_| Refused)
}
