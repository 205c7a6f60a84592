//! Where members stand in the text of an object. The text is known to be JSON, as no other is sealed, so it is not
//! parsed again: this finds where a name or value ends and no more. What is asked for, `serde_json` parses.

use std::fmt;

use memchr::memchr2;
use serde::de::{Deserializer, Visitor};

use crate::http::DataError;

/// A member of an object, as it stands in its text.
pub(super) struct Member<'a> {
    text: &'a str,
    /// Where its name begins.
    begin: usize,
    name: Quoted,
    /// Where in the text the value begins.
    pub(super) at: usize,
    /// Behind the value.
    pub(super) end: usize,
}

impl<'a> Member<'a> {
    /// Whether this is its name. Names are kept as they are written, so that those that are no Unicode survive.
    pub(super) fn is_named(&self, name: &str) -> bool {
        let (begin, Quoted { end, escapes }) = (self.begin, self.name);
        let octets = self.text.as_bytes();
        if escapes > 0 {
            let written = octets.get(begin..end).unwrap_or_default();
            return serde_json::Deserializer::from_slice(written)
                .deserialize_bytes(Is(name))
                .unwrap_or(false);
        }
        octets.get(begin + 1..end - 1) == Some(name.as_bytes())
    }

    /// The name with what follows up to the value.
    pub(super) fn head(&self) -> Result<&'a str, Broken> {
        self.text.get(self.begin..self.at).ok_or(Broken)
    }

    pub(super) fn value(&self) -> Result<&'a str, Broken> {
        self.text.get(self.at..self.end).ok_or(Broken)
    }
}

/// The members of an object, in the order of its text.
pub(super) struct Members<'a> {
    text: &'a str,
    /// Where to go on; `None` behind the last.
    at: Option<usize>,
}

impl<'a> Members<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, Broken> {
        let octets = text.as_bytes();
        let begin = behind_blanks(octets, 0);
        let first = behind_blanks(octets, begin + 1);
        match (octets.get(begin), octets.get(first)) {
            (Some(b'{'), Some(b'}')) => Ok(Self { text, at: None }),
            (Some(b'{'), Some(_)) => Ok(Self { text, at: Some(first) }),
            _ => Err(Broken),
        }
    }

    /// The member that begins here; what comes behind it is next. Not to be called: a member that is returned in memory
    /// takes as long to be read again as to be found.
    #[inline(always)]
    fn member(&mut self, begin: usize) -> Option<Member<'a>> {
        let octets = self.text.as_bytes();
        let name = string(octets, begin)?;
        let colon = behind_blanks(octets, name.end);
        let at = behind_blanks(octets, colon + 1);
        let end = value(octets, at)?;
        let next = behind_blanks(octets, end);
        self.at = match (octets.get(colon)?, octets.get(next)?) {
            (b':', b',') => Some(behind_blanks(octets, next + 1)),
            (b':', b'}') => None,
            _ => return None,
        };
        Some(Member { text: self.text, begin, name, at, end })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Broken>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.at.take()?;
        Some(self.member(begin).ok_or(Broken))
    }
}

/// The text is no JSON object.
#[derive(Debug)]
pub(super) struct Broken;

impl From<Broken> for DataError {
    fn from(Broken: Broken) -> Self {
        Self::Type { member: String::new(), wanted: "JSON object" }
    }
}

pub(super) fn behind_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// Where the value that begins here ends.
fn value(text: &[u8], begin: usize) -> Option<usize> {
    match text.get(begin)? {
        b'"' => string(text, begin).map(|string| string.end),
        b'{' | b'[' => nested(text, begin),
        _ => scalar(text, begin),
    }
}

/// Where the number or word that begins here ends.
pub(super) fn scalar(text: &[u8], begin: usize) -> Option<usize> {
    let of_scalar = |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.');
    let len = text.get(begin..)?.iter().take_while(of_scalar).count();
    (len > 0).then_some(begin + len)
}

/// A string, as it stands in a text.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    /// Behind its closing quote.
    pub(super) end: usize,
    /// How many of its characters are escaped.
    escapes: usize,
}

pub(super) fn string(text: &[u8], begin: usize) -> Option<Quoted> {
    let Some(b'"') = text.get(begin) else { return None };
    let (mut at, mut escapes) = (begin + 1, 0);
    loop {
        let stop = at + quote_or_escape(text.get(at..)?)?;
        if let Some(b'"') = text.get(stop) {
            return Some(Quoted { end: stop + 1, escapes });
        }
        (at, escapes) = (stop + 2, escapes + 1);
    }
}

/// Where the first quotation mark or backslash is. Most names and values are so short that a call for help takes longer
/// than a look at eight octets at once: `^` makes the octet that is sought zero, and one that is zero shows in its
/// highest bit when one is subtracted (Warren, *Hacker's Delight*, 6-1, "Find First 0-Byte").
fn quote_or_escape(text: &[u8]) -> Option<usize> {
    const FRONT: usize = 8;
    let Some(front) = text.first_chunk::<FRONT>() else { return memchr2(b'"', b'\\', text) };
    let front = u64::from_le_bytes(*front);
    let all = |octet| u64::from_le_bytes([octet; FRONT]);
    let is_zero = |octets: u64| octets.wrapping_sub(all(1)) & !octets & all(0x80);
    let found = is_zero(front ^ all(b'"')) | is_zero(front ^ all(b'\\'));
    if found != 0 {
        // A borrow can mark octets behind the first that is zero, none before it.
        return usize::try_from(found.trailing_zeros() / u8::BITS).ok();
    }
    memchr2(b'"', b'\\', text.get(FRONT..)?).map(|at| FRONT + at)
}

/// Where the object or array that begins here ends, however deep it goes.
fn nested(text: &[u8], begin: usize) -> Option<usize> {
    let (mut at, mut depth) = (begin, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at = string(text, at)?.end,
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
        let whole =
            Members::of(text).unwrap().map(|member| member.unwrap().value().unwrap()).collect::<Vec<_>>();
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
