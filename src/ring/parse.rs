//! Reading the text of a ring file.
//!
//! Every field is parsed by itself from the text that stands there, so that a mistake is reported with its
//! line and name, and no error can quote a secret.

use std::fmt::{self, Display};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::file::{FORMAT, LAST_MS};
use super::{DEFAULT_MAX_TTL_S, Fault, KeyRing, Root};
use crate::error::KeyError;
use crate::key::RootSecret;

/// Octets of the longest name that an error repeats; a secret has more.
const LONGEST_QUOTED: usize = 32;

/// The ring that the text of a ring file describes.
pub(super) fn ring(text: &str) -> Result<KeyRing, KeyError> {
    let source = Source(text);
    let raw: RawRing = source.object(text, "the ring")?;
    source.format(raw.format)?;
    let max_ttl_s = match raw.max_ttl_s {
        Some(raw) => source.max_ttl_s(raw)?,
        None => DEFAULT_MAX_TTL_S,
    };
    let raw_keys: Vec<&RawValue> = source.value(raw.keys, "keys", "a list of objects")?;
    let mut keys = Vec::with_capacity(raw_keys.len());
    for (index, raw) in raw_keys.iter().enumerate() {
        keys.push(source.object::<RawKey>(raw.get(), format_args!("keys[{index}]"))?);
    }
    let roots =
        keys.iter().enumerate().map(|(index, key)| source.root(index, key)).collect::<Result<_, _>>()?;
    KeyRing::build(roots, max_ttl_s).map_err(|fault| source.fault(fault, &keys))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRing<'a> {
    #[serde(borrow)]
    format: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    max_ttl_s: Option<&'a RawValue>,
    #[serde(borrow)]
    keys: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey<'a> {
    #[serde(borrow)]
    secret: &'a RawValue,
    #[serde(borrow)]
    period_s: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "present")]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    activate_at: &'a RawValue,
    #[serde(borrow)]
    retire_at: &'a RawValue,
    #[serde(borrow)]
    revoked: &'a RawValue,
}

/// An optional field that stands there, even as `null`: only one that is left out has its default.
fn present<'de, D: serde::Deserializer<'de>>(field: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(field).map(Some)
}

/// The text of a ring file, which every raw value is a part of.
struct Source<'a>(&'a str);

impl<'a> Source<'a> {
    /// The fields of a JSON object; each is still raw.
    fn object<T: Deserialize<'a>>(&self, part: &'a str, what: impl Display) -> Result<T, KeyError> {
        // serde would also take a list for a struct.
        if !part.trim_ascii_start().starts_with('{') {
            return Err(self.error(part, what, "a JSON object is expected"));
        }
        serde_json::from_str::<ShortNames>(part).and_then(|_| serde_json::from_str(part)).map_err(|e| {
            // serde counts from the beginning of the part that it sees.
            let (before, column_before) = self.place(part, 0);
            let column = if e.line() <= 1 { column_before + e.column() } else { e.column() };
            let line = before + e.line().saturating_sub(1);
            KeyError::new(format!("line {line}, column {column}, {what}: {}", message(&e)))
        })
    }

    /// Anything but a string: serde quotes a string where it expects something else.
    fn value<T: Deserialize<'a>>(
        &self,
        raw: &'a RawValue,
        field: impl Display,
        expected: &str,
    ) -> Result<T, KeyError> {
        let parsed = if raw.get().starts_with('"') { None } else { serde_json::from_str(raw.get()).ok() };
        parsed.ok_or_else(|| {
            self.error(raw.get(), format_args!("field {field}"), format_args!("{expected} is expected"))
        })
    }

    /// A string without escapes, where it stands. serde would copy one with escapes, and quote it in its error,
    /// into memory that nobody wipes.
    fn text(&self, raw: &'a RawValue, field: impl Display, expected: &str) -> Result<&'a str, KeyError> {
        let text = raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        text.filter(|text| !text.contains('\\')).ok_or_else(|| {
            self.error(raw.get(), format_args!("field {field}"), format_args!("{expected} is expected"))
        })
    }

    fn format(&self, raw: &'a RawValue) -> Result<(), KeyError> {
        let expected = format!("\"{FORMAT}\"");
        let format = self.text(raw, "format", &expected)?;
        if format == FORMAT {
            return Ok(());
        }
        Err(self.error(
            raw.get(),
            "field format",
            format_args!("{expected} is expected: is this a ring file?"),
        ))
    }

    fn max_ttl_s(&self, raw: &'a RawValue) -> Result<u64, KeyError> {
        let expected = "a whole number of seconds, 1 or more,";
        match self.value(raw, "max_ttl_s", expected)? {
            0 => Err(self.error(raw.get(), "field max_ttl_s", format_args!("{expected} is expected"))),
            seconds => Ok(seconds),
        }
    }

    fn root(&self, index: usize, key: &RawKey<'a>) -> Result<Root, KeyError> {
        let field = |name| format!("keys[{index}].{name}");
        let secret = self.text(key.secret, field("secret"), "text without escapes (ssr1_...)")?;
        let secret = RootSecret::from_text(secret)
            .map_err(|e| self.error(key.secret.get(), format_args!("field {}", field("secret")), e))?;
        let period_s = self.value(
            key.period_s,
            field("period_s"),
            "a whole number of seconds (0 for a key that does not rotate)",
        )?;
        let mut root = Root::new(secret).rotating_every(Duration::from_secs(period_s))?;
        root.created_at_ms = key.created_at.map(|raw| self.time(raw, field("created_at"))).transpose()?;
        root.activate_at_ms = self.time(key.activate_at, field("activate_at"))?;
        root.retire_at_ms = match key.retire_at.get() {
            "null" => None,
            _ => Some(self.time(key.retire_at, field("retire_at"))?),
        };
        root.revoked = self.value(key.revoked, field("revoked"), "true or false")?;
        Ok(root)
    }

    fn time(&self, raw: &'a RawValue, field: String) -> Result<u64, KeyError> {
        let expected =
            "a time such as \"2026-11-20T00:10:00Z\", 1970 or later, in UTC and to the millisecond,";
        let text = self.text(raw, &field, expected)?;
        let wrong =
            || self.error(raw.get(), format_args!("field {field}"), format_args!("{expected} is expected"));
        timestamp(text).ok_or_else(wrong)
    }

    /// A mistake that only shows when the whole ring is seen, at the place where it stands.
    fn fault(&self, fault: Fault, keys: &[RawKey<'a>]) -> KeyError {
        let place = format!("field keys[{}].{}", fault.index, fault.field);
        let raw = keys.get(fault.index).map(|key| match fault.field {
            "secret" => key.secret,
            "period_s" => key.period_s,
            "retire_at" => key.retire_at,
            _ => key.activate_at,
        });
        self.error(raw.map_or(self.0, RawValue::get), place, fault.message)
    }

    fn error(&self, part: &str, what: impl Display, message: impl Display) -> KeyError {
        KeyError::new(format!("line {}, {what}: {message}", self.line(part)))
    }

    /// The line (from 1) at which what stands in a part of the text begins.
    fn line(&self, part: &str) -> usize {
        let lead = part.len() - part.trim_ascii_start().len();
        self.place(part, lead).0
    }

    /// The line (from 1) and the column (from 0) of an octet of a part of the text.
    fn place(&self, part: &str, at: usize) -> (usize, usize) {
        let offset = (part.as_ptr() as usize).saturating_sub(self.0.as_ptr() as usize) + at;
        let before = self.0.as_bytes().get(..offset).unwrap_or_default();
        let newlines = before.iter().filter(|&&octet| octet == b'\n').count();
        let column = before.iter().rev().take_while(|&&octet| octet != b'\n').count();
        (1 + newlines, column)
    }
}

/// serde's message without the place, which it counts from elsewhere.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// An object none of whose names is longer than any of ours. serde quotes an unknown name, into memory that
/// nobody wipes, and a long one may be a secret in the wrong place, with its prefix or without.
struct ShortNames;

impl<'de> Deserialize<'de> for ShortNames {
    fn deserialize<D: serde::Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
        object.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for ShortNames {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<Self, M::Error> {
        while fields.next_key::<ShortName>()?.is_some() {
            fields.next_value::<IgnoredAny>()?;
        }
        Ok(self)
    }
}

struct ShortName;

impl<'de> Deserialize<'de> for ShortName {
    fn deserialize<D: serde::Deserializer<'de>>(name: D) -> Result<Self, D::Error> {
        name.deserialize_str(Self)
    }
}

impl Visitor<'_> for ShortName {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self, E> {
        if name.len() <= LONGEST_QUOTED && !name.contains("ssr1_") {
            return Ok(self);
        }
        Err(E::custom("a secret stands where a field name is expected, or a name that is none of ours"))
    }
}

/// Milliseconds since 1970 of an RFC 3339 time in UTC with at most three digits of a fraction. The library
/// reads more than that.
fn timestamp(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_at_checked("1970-01-01T00:00:00".len())?;
    let same_kind = |(shape, c): (u8, u8)| if shape == b'0' { c.is_ascii_digit() } else { c == shape };
    let shaped = b"0000-00-00T00:00:00".iter().copied().zip(seconds.bytes()).all(same_kind);
    let digits = fraction.strip_prefix('.').unwrap_or(fraction);
    let fraction_ok =
        fraction.is_empty() || matches!(digits.len(), 1..=3) && fraction.len() == digits.len() + 1;
    if !shaped || !fraction_ok || !digits.bytes().all(|c| c.is_ascii_digit()) || seconds.ends_with("60") {
        return None;
    }
    // What is read can be written again.
    u64::try_from(text.parse::<Timestamp>().ok()?.as_millisecond()).ok().filter(|ms| *ms <= LAST_MS)
}
