//! Whether text that was just written is read as the same value, by every type that it can be read as. What a
//! serializer of `serde_json` writes is, but for values that bring their own text (`RawValue`, numbers of arbitrary
//! precision) and for names that come twice.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::scan::{behind_blanks, scalar, string};
use crate::error::SealError;
use crate::http::DataError;
use crate::json::MAX_DEPTH;

/// Refuses the text of a value that stands in so many objects and arrays, if it would not come back.
pub(super) fn check(text: &str, depth: usize) -> Result<(), DataError> {
    let mut walk = Walk { text, depth, open: Vec::new() };
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        at = walk.step(*byte, at)?;
    }
    Ok(())
}

/// The names of an object so far; `None` of an array.
type Names<'t> = Option<BTreeSet<Cow<'t, str>>>;

struct Walk<'t> {
    text: &'t str,
    /// How many objects and arrays the whole stands in.
    depth: usize,
    /// Those that the walk is in.
    open: Vec<Names<'t>>,
}

impl<'t> Walk<'t> {
    /// Checks what begins here, and where to go on.
    fn step(&mut self, byte: u8, at: usize) -> Result<usize, DataError> {
        let bytes = self.text.as_bytes();
        match byte {
            b'{' => self.enter(Some(BTreeSet::new()))?,
            b'[' => self.enter(None)?,
            b'}' | b']' => drop(self.open.pop()),
            b'"' => {
                let end = string(bytes, at).ok_or_else(broken)?.end;
                self.quoted(self.text.get(at..end).ok_or_else(broken)?, end)?;
                return Ok(end);
            }
            b'-' | b'0'..=b'9' => {
                let end = scalar(bytes, at).ok_or_else(broken)?;
                check_number(self.text.get(at..end).ok_or_else(broken)?)?;
                return Ok(end);
            }
            _ => {}
        }
        Ok(at + 1)
    }

    fn enter(&mut self, names: Names<'t>) -> Result<(), DataError> {
        if self.depth + self.open.len() >= MAX_DEPTH {
            return Err(SealError::TooDeep { limit: MAX_DEPTH }.into());
        }
        self.open.push(names);
        Ok(())
    }

    /// Checks a string: one with a colon behind it is a name.
    fn quoted(&mut self, string: &'t str, end: usize) -> Result<(), DataError> {
        let bytes = self.text.as_bytes();
        let value = unescaped(string)?;
        if let (Some(Some(names)), Some(b':')) = (self.open.last_mut(), bytes.get(behind_blanks(bytes, end)))
        {
            check_is_no_marker(&value)?;
            if !names.insert(value) {
                return Err(refused("an object has two members of one name"));
            }
        }
        Ok(())
    }
}

/// Refuses the names by which `serde_json` marks text of its own: an object that begins with one is read as something
/// else.
pub(super) fn check_is_no_marker(name: &str) -> Result<(), DataError> {
    match name.starts_with("$serde_json::private::") {
        true => Err(refused("a name is one that the JSON reader takes for its own")),
        false => Ok(()),
    }
}

/// What a string says. Halves of surrogate pairs can only be written as escapes, and say nothing.
fn unescaped(string: &str) -> Result<Cow<'_, str>, DataError> {
    if string.contains('\\') {
        let read = serde_json::from_str::<String>(string);
        return read.map(Cow::Owned).map_err(|_| refused("a string has half a surrogate pair"));
    }
    let inner = string.strip_prefix('"').and_then(|string| string.strip_suffix('"'));
    inner.map(Cow::Borrowed).ok_or_else(broken)
}

/// Readers have integers of up to 128 bits, and 64-bit floats for the rest.
fn check_number(number: &str) -> Result<(), DataError> {
    const ALWAYS_FITS: usize = 19;
    let is_integer = !number.contains(['.', 'e', 'E']);
    let fits = match is_integer {
        true if number.len() <= ALWAYS_FITS => true,
        true => number.parse::<i128>().is_ok() || number.parse::<u128>().is_ok(),
        false => number.parse::<f64>().is_ok_and(|float| {
            let digits = number.split(['e', 'E']).next().unwrap_or_default();
            float.is_finite() && (float != 0.0 || !digits.contains(|digit| matches!(digit, '1'..='9')))
        }),
    };
    if fits { Ok(()) } else { Err(refused("a number is too large, or too close to zero, to be read")) }
}

fn broken() -> DataError {
    refused("a value that brings its own text is not JSON")
}

fn refused(message: &str) -> DataError {
    DataError::Unserializable { message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_reader_reads_passes() {
        for text in [
            "null",
            "true",
            r#""""#,
            r#""a\"\\ud800\n""#,
            r#""\ud83d\ude00""#,
            r#"["a","a",{"a":"a"},{"a":"a" , "b" : {"a":1}}]"#,
            r#"{"":{"":""},"__proto__":[]}"#,
            "[0,-0,-0.0,1E+2,0e999,0.0e-999,5e-324,1.7976931348623157e308]",
            "[18446744073709551615,-9223372036854775808,340282366920938463463374607431768211455]",
            "-170141183460469231731687303715884105728",
        ] {
            assert_eq!(check(text, 1), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_a_reader_would_change_or_refuse_is_refused() {
        for text in [
            "1e999",
            "-1e999",
            "[1e-999]",
            "-0.01E-400",
            r#"{"$serde_json::private::RawValue":"{}"}"#,
            r#"[{"a":{"\u0024serde_json::private::Number":"1"}}]"#,
            "340282366920938463463374607431768211456",
            "-170141183460469231731687303715884105729",
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#"{"\ud800":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"[{"b":[{"a":{},"c":"a","a" : 1}]}]"#,
            r#""a"#,
            r#""a\""#,
        ] {
            assert!(matches!(check(text, 1), Err(DataError::Unserializable { .. })), "{text}");
        }
    }

    #[test]
    fn depth_is_counted_from_the_whole_data() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let too_deep = Err(DataError::Seal(SealError::TooDeep { limit: 64 }));
        assert_eq!((check(&nested(63), 1), check(&nested(64), 0)), (Ok(()), Ok(())));
        assert_eq!((check(&nested(64), 1), check(&nested(65), 0)), (too_deep.clone(), too_deep.clone()));
        assert_eq!(check(&nested(100_000), 1), too_deep);
        assert_eq!(check(&format!("[{}]", "[{}],".repeat(1_000)), 61), Ok(()));
    }
}
