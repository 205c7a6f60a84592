//! Text that is a JSON object: whether it is one, how deep it goes, and some of its members. Nothing of it is kept: a
//! session's data is stored byte for byte.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::SealError;

/// How many objects and arrays may stand in each other, the data itself included: the smallest default among the JSON
/// readers that are common (that of .NET), so that whoever opens a session can read it.
pub(crate) const MAX_DEPTH: usize = 64;

/// Refuses all but the text of one JSON object, naming the place of the mistake and quoting nothing, and one that
/// goes deeper than [`MAX_DEPTH`].
pub(crate) fn check_object(text: &str) -> Result<(), SealError> {
    let value: &RawValue = serde_json::from_str(text).map_err(|e| SealError::NotAnObject {
        message: e.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        line: e.line(),
        column: e.column(),
    })?;
    match value.get().starts_with('{') {
        false => Err(another_kind(text)),
        true if is_too_deep(text) => Err(SealError::TooDeep { limit: MAX_DEPTH }),
        true => Ok(()),
    }
}

fn another_kind(text: &str) -> SealError {
    let blanks = text.len() - text.trim_start().len();
    let before = text.get(..blanks).unwrap_or_default();
    let on_the_line = before.rsplit_once('\n').map_or(before, |(_, after)| after);
    SealError::NotAnObject {
        message: "a value of another kind stands there".to_owned(),
        line: before.matches('\n').count() + 1,
        column: on_the_line.len() + 1,
    }
}

/// Whether text goes too deep, should it be JSON. Most has fewer brackets than that, and needs no closer look.
pub(crate) fn is_too_deep(text: &str) -> bool {
    let opens = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    opens > MAX_DEPTH && depth(text) > MAX_DEPTH
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted) = (0_usize, 0, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => drop(bytes.next()),
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The object with only these members, each value as it is written. Of several members of one name the last counts,
/// and text that is not an object has none.
pub(crate) fn only(text: &str, members: &[&str]) -> String {
    let mut json = serde_json::Deserializer::from_str(text);
    let found = json.deserialize_map(Only(members)).unwrap_or_default();
    let mut out = String::from("{");
    for (name, value) in members.iter().zip(found) {
        // A name of the list that is there twice was found once.
        if let (Some(value), Ok(name)) = (value, serde_json::to_string(name)) {
            let comma = if out.len() > 1 { "," } else { "" };
            out.extend([comma, &name, ":", value.get()]);
        }
    }
    out.push('}');
    out
}

/// Reads the values of these members, in the order of their list.
struct Only<'n>(&'n [&'n str]);

impl<'de> Visitor<'de> for Only<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(position) = map.next_key_seed(Position(self.0))? {
            let value = map.next_value()?;
            if let Some(place) = position.and_then(|at| found.get_mut(at)) {
                *place = Some(value);
            }
        }
        Ok(found)
    }
}

/// Where in a list a name is. As bytes: the halves of surrogate pairs are allowed in names, and are not text.
struct Position<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Position<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Position<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|member| member.as_bytes() == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object that is so many levels deep.
    fn nested(depth: usize) -> String {
        format!(r#"{{"a":{}1{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1))
    }

    #[test]
    fn objects_pass_whatever_they_hold() {
        let wide = format!(r#"{{"a":[{}1]}}"#, "[{}],".repeat(5_000));
        let quoted = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(5_000));
        for text in [
            "{}",
            " {\n} ",
            r#"{"":{"__proto__":[1e999,-0,null]},"\ud800":"\ud83d\ude00\udc00"}"#,
            &nested(64),
            &wide,
            &quoted,
        ] {
            assert_eq!(check_object(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_object_that_is_deeper_than_common_readers_read_is_refused() {
        for depth in [65, 66, 127, 128, 5_000, 100_000] {
            assert_eq!(check_object(&nested(depth)), Err(SealError::TooDeep { limit: 64 }), "{depth}");
        }
        let objects = format!(r#"{}1{}"#, r#"{"]\"":"#.repeat(65), "}".repeat(65));
        assert_eq!(check_object(&objects), Err(SealError::TooDeep { limit: 64 }));
        let other_kind = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(matches!(check_object(&other_kind), Err(SealError::NotAnObject { .. })));
    }

    #[test]
    fn members_that_are_kept_keep_their_text() {
        let text = r#" { "a" : 1 , "b":[1, {"a":2}],"\ud800":3, "\u0061":  1e999 ,"":"","q\"":4} "#;
        assert_eq!(only(text, &[]), "{}");
        assert_eq!(only(text, &["a"]), r#"{"a":1e999}"#, "the last of a name counts");
        assert_eq!(only(text, &["c", "b", "", "q\""]), r#"{"b":[1, {"a":2}],"":"","q\"":4}"#);
        assert_eq!(only(text, &["b", "b"]), r#"{"b":[1, {"a":2}]}"#);
        let deep = nested(100_000);
        assert_eq!(only(&deep, &["a", "b"]), deep);
    }

    #[test]
    fn what_is_not_an_object_has_no_members_to_keep() {
        for text in ["", "[1]", "null", "{", r#"{"a":1"#, r#"{"a" 1}"#] {
            assert_eq!(only(text, &["a"]), "{}", "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        let cases = [
            ("", 1, 0),
            ("[]", 1, 1),
            ("null", 1, 1),
            (" \n\n  \"secret\"", 3, 3),
            ("1", 1, 1),
            ("{} {}", 1, 4),
            ("{\n\"a\":}", 2, 5),
            ("{\"a\":1,}", 1, 8),
            ("\u{feff}{}", 1, 1),
            ("{\"a\":\"\u{1}\"}", 1, 6),
        ];
        for (text, line, column) in cases {
            match check_object(text) {
                Err(SealError::NotAnObject { message, line: l, column: c }) => {
                    assert_eq!((l, c), (line, column), "{text:?}: {message}");
                    assert!(!message.contains("secret") && !message.is_empty());
                }
                other => panic!("{text:?}: {other:?}"),
            }
        }
    }
}
