//! Where members stand in the text of an object. The text is known to be JSON, as no other is sealed, so it is not
//! parsed again: this finds where a name or value ends and no more. What is asked for, `serde_json` parses.

use std::fmt;

use memchr::memchr2;
use serde::de::{Deserializer, Visitor};

use crate::http::DataError;

/// A member of an object, as it stands in its text.
pub(super) struct Member<'a> {
    /// The name with what follows up to the value.
    pub(super) head: &'a str,
    pub(super) value: &'a str,
    /// Where in the text the value begins.
    pub(super) at: usize,
    name: Quoted,
}

impl Member<'_> {
    /// Whether this is its name. Names are kept as they are written, so that those that are no Unicode survive.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let Quoted { end, escapes } = self.name;
        if escapes {
            let written = self.head.get(..end).unwrap_or_default();
            return serde_json::Deserializer::from_str(written).deserialize_bytes(Is(name)).unwrap_or(false);
        }
        self.head.get(1..end.saturating_sub(1)) == Some(name)
    }
}

/// The members of an object, in the order of its text.
pub(super) struct Members<'a> {
    text: &'a str,
    /// Where to go on; `None` behind the last.
    at: Option<usize>,
}

impl<'a> Members<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, DataError> {
        let octets = text.as_bytes();
        let begin = behind_blanks(octets, 0);
        let first = behind_blanks(octets, begin + 1);
        match (octets.get(begin), octets.get(first)) {
            (Some(b'{'), Some(b'}')) => Ok(Self { text, at: None }),
            (Some(b'{'), Some(_)) => Ok(Self { text, at: Some(first) }),
            _ => Err(broken()),
        }
    }

    /// The member that begins here; what comes behind it is next.
    fn member(&mut self, begin: usize) -> Option<Member<'a>> {
        let octets = self.text.as_bytes();
        let name = string(octets.get(begin..)?)?;
        let colon = behind_blanks(octets, begin + name.end);
        let at = behind_blanks(octets, colon + 1);
        let end = at + value(octets.get(at..)?)?;
        let next = behind_blanks(octets, end);
        self.at = match (octets.get(colon)?, octets.get(next)?) {
            (b':', b',') => Some(behind_blanks(octets, next + 1)),
            (b':', b'}') => None,
            _ => return None,
        };
        Some(Member { head: self.text.get(begin..at)?, value: self.text.get(at..end)?, at, name })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.at.take()?;
        Some(self.member(begin).ok_or_else(broken))
    }
}

pub(super) fn broken() -> DataError {
    DataError::Type { member: String::new(), wanted: "JSON object" }
}

fn behind_blanks(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|octet| matches!(octet, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Octets of the value that a text begins with.
fn value(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string(text).map(|string| string.end),
        b'{' | b'[' => nested(text),
        _ => {
            let of_scalar =
                |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.');
            let len = text.iter().take_while(of_scalar).count();
            (len > 0).then_some(len)
        }
    }
}

/// A string that a text begins with.
#[derive(Clone, Copy)]
struct Quoted {
    /// Behind its closing quote.
    end: usize,
    /// Whether anything in it is escaped.
    escapes: bool,
}

fn string(text: &[u8]) -> Option<Quoted> {
    let (b'"', mut rest) = text.split_first()? else { return None };
    let mut escapes = false;
    loop {
        let stop = memchr2(b'"', b'\\', rest)?;
        let (found, behind) = rest.get(stop..)?.split_first()?;
        if *found == b'"' {
            return Some(Quoted { end: text.len() - behind.len(), escapes });
        }
        (rest, escapes) = (behind.get(1..)?, true);
    }
}

/// Octets of an object or array that a text begins with, however deep it goes.
fn nested(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        let rest = text.get(at..)?;
        match rest.first()? {
            b'"' => at += string(rest)?.end,
            octet => {
                at += 1;
                match octet {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Whether a name that is written with escapes is this one. As bytes: the halves of surrogate pairs are allowed in
/// names, and are no text.
struct Is<'n>(&'n str);

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name == self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_breaks_off_is_no_object() {
        let text = r#" { "a" : "x\"" , "b":[{"c":"]"}, 1] ,"d": null } "#;
        let whole = Members::of(text).unwrap().map(|member| member.unwrap().value).collect::<Vec<_>>();
        assert_eq!(whole, [r#""x\"""#, r#"[{"c":"]"}, 1]"#, "null"]);
        for len in 0..text.trim_end().len() {
            let cut = Members::of(&text[..len])
                .and_then(|mut members| members.try_for_each(|member| member.map(|_| ())));
            assert!(cut.is_err(), "{}", &text[..len]);
        }
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in
            ["", "[]", "1", "{1:2}", r#"{"a"}"#, r#"{"a" 1}"#, r#"{"a":}"#, r#"{"a":1;"b":2}"#, r#"{"a":1,}"#]
        {
            let read =
                Members::of(text).and_then(|mut members| members.try_for_each(|member| member.map(|_| ())));
            assert!(read.is_err(), "{text}");
        }
    }
}
