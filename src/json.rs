//! Whether text is a JSON object. Nothing of it is kept: a session's data is stored byte for byte.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use crate::error::SealError;

/// Refuses all but the text of one JSON object, naming the place of the mistake and quoting nothing.
pub(crate) fn check_object(text: &str) -> Result<(), SealError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = (&mut json).deserialize_map(ObjectVisitor).and_then(|()| json.end());
    read.map_err(|e| SealError::NotAnObject {
        message: match e.classify() {
            // Such a message would quote the value that stands there.
            Category::Data => "a value of another kind stands there".to_owned(),
            _ => e.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        },
        line: e.line(),
        column: e.column(),
    })
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_pass_whatever_they_hold() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        for text in ["{}", " {\n} ", r#"{"":{"__proto__":[1e999,-0,null]},"":"\ud83d\ude00"}"#, &deep] {
            assert_eq!(check_object(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_place() {
        let cases = [
            ("", 1, 0),
            ("[]", 1, 0),
            ("null", 1, 4),
            ("\"secret\"", 1, 8),
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
