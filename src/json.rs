//! Whether text is a JSON object. Nothing of it is kept: a session's data is stored byte for byte.

use serde_json::value::RawValue;

use crate::error::SealError;

/// Refuses all but the text of one JSON object, naming the place of the mistake and quoting nothing.
pub(crate) fn check_object(text: &str) -> Result<(), SealError> {
    let value: &RawValue = serde_json::from_str(text).map_err(|e| SealError::NotAnObject {
        message: e.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        line: e.line(),
        column: e.column(),
    })?;
    if value.get().starts_with('{') { Ok(()) } else { Err(another_kind(text)) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_pass_whatever_they_hold() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
        for text in
            ["{}", " {\n} ", r#"{"":{"__proto__":[1e999,-0,null]},"\ud800":"\ud83d\ude00\udc00"}"#, &deep]
        {
            assert_eq!(check_object(text), Ok(()), "{text}");
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
