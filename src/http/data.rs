//! The data of a session: the text of a JSON object, of which members are read and changed in place.
//!
//! Nothing is kept beside the text. Reading one value scans it without allocating, changing one copies it once,
//! and members that nobody asks for are never parsed.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::SealError;
use crate::json;

mod check;
mod scan;
mod write;

use scan::{Broken, Member, Members};

/// A session's data could not be read or changed. Nothing was changed.
///
/// ```
/// use sealed_session::http::DataError;
///
/// let error = DataError::Type { member: "cart".into(), wanted: "u32" };
/// assert_eq!(error.to_string(), "the session's \"cart\" is no u32");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataError {
    /// A member, or the data as a whole where no member is named, is not of the type that was asked for.
    Type {
        /// The member's name; empty for the whole.
        member: String,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// The value cannot be written as JSON that is read as the same value: it has a float that is NaN or infinite, a
    /// number that no reader holds, a string that is not Unicode, two members of one name in one object, or cannot be
    /// written at all.
    Unserializable {
        /// What is wrong with it.
        message: String,
    },
    /// The name is not for applications: the library keeps something of its own under it. Today that is `_flash`, the
    /// flash messages.
    Reserved {
        /// The name.
        member: String,
    },
    /// The session cannot be sealed so: its data is no JSON object, too deep, or too large for its cookie.
    Seal(SealError),
    /// The backend of revocations cannot do it. Only with the feature `revocation`.
    #[cfg(feature = "revocation")]
    Revocation(crate::revocation::BackendError),
    /// Nothing is known of what was revoked, for longer than the limit that was set (`refuse_after`), so no session can
    /// be opened and nobody can log in. Try again in a moment.
    Unavailable,
    /// The response has its headers already, so no change of the session can reach the client.
    TooLate,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { member, wanted } if member.is_empty() => {
                write!(f, "the session's data is no {wanted}")
            }
            Self::Type { member, wanted } => write!(f, "the session's {member:?} is no {wanted}"),
            Self::Unserializable { message } => write!(f, "the value cannot be written as JSON: {message}"),
            Self::Reserved { member } => write!(
                f,
                "the name {member:?} is reserved for the session's flash messages: take another, or use `flash` and \
                 `take_flashes`"
            ),
            Self::Seal(error) => error.fmt(f),
            #[cfg(feature = "revocation")]
            Self::Revocation(error) => error.fmt(f),
            Self::Unavailable => f.write_str(
                "what is revoked is not known at the moment, so nobody can log in: try again in a moment",
            ),
            Self::TooLate => f.write_str(
                "the session was changed after its response had begun, which no cookie can tell the client",
            ),
        }
    }
}

impl std::error::Error for DataError {}

impl From<SealError> for DataError {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

/// The member with the flash messages that wait.
pub(super) const MESSAGES: &str = "_flash";

/// The value of a member, if there is one. Of several members of one name the last counts.
pub(super) fn get<T: DeserializeOwned>(text: &str, name: &str) -> Result<Option<T>, DataError> {
    let no_such = || DataError::Type { member: name.to_owned(), wanted: std::any::type_name::<T>() };
    match last(text, name)? {
        (_, Some(member)) => serde_json::from_str(member.value()?).map(Some).map_err(|_| no_such()),
        (_, None) => Ok(None),
    }
}

/// The data as a whole, without the messages that wait in it.
pub(super) fn whole<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    // Text that is not an object is refused by its reader, with what was asked for.
    let without_messages = without(text, MESSAGES).ok().flatten();
    serde_json::from_str(without_messages.as_deref().unwrap_or(text))
        .map_err(|_| DataError::Type { member: String::new(), wanted: std::any::type_name::<T>() })
}

/// The text of a value that is to be a member.
pub(super) fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, DataError> {
    let text = write::to_text(value)?;
    check::check(&text, 1)?;
    Ok(text)
}

/// The text of a value that is to be the whole data.
pub(super) fn written_whole<T: Serialize + ?Sized>(value: &T) -> Result<String, DataError> {
    let text = write::to_text(value)?;
    check::check(&text, 0)?;
    json::check_object(&text)?;
    match last(&text, MESSAGES)? {
        (_, Some(_)) => Err(reserved(MESSAGES)),
        (_, None) => Ok(text),
    }
}

/// Data in the place of other data, with the messages that wait in that.
pub(super) fn replaced(text: &str, with: String) -> Result<String, DataError> {
    match last(text, MESSAGES)? {
        (_, Some(messages)) => with_new(&with, MESSAGES, messages.value()?),
        (_, None) => Ok(with),
    }
}

/// Refuses the names that the library uses, and those of its JSON reader.
pub(super) fn check_name(name: &str) -> Result<(), DataError> {
    if name == MESSAGES { Err(reserved(name)) } else { check::check_is_no_marker(name) }
}

fn reserved(name: &str) -> DataError {
    DataError::Reserved { member: name.to_owned() }
}

/// The data with a member set to a value, in the place where it stood; `None` when it says so already. Of several
/// members of the name one is left.
pub(super) fn with(text: &str, name: &str, value: &str) -> Result<Option<String>, DataError> {
    match last(text, name)? {
        (_, Some(old)) if old.value()? == value => Ok(None),
        (1, Some(old)) => {
            let (before, after) = (text.get(..old.at), text.get(old.end..));
            Ok(Some([before.ok_or(Broken)?, value, after.ok_or(Broken)?].concat()))
        }
        (0, _) => with_new(text, name, value).map(Some),
        _ => with_only(text, name, value).map(Some),
    }
}

/// How many members have a name, and the last of them.
fn last<'a>(text: &'a str, name: &str) -> Result<(usize, Option<Member<'a>>), Broken> {
    let (mut count, mut last) = (0, None);
    for member in Members::of(text)? {
        let member = member?;
        if member.is_named(name) {
            (count, last) = (count + 1, Some(member));
        }
    }
    Ok((count, last))
}

/// The data with a member more, behind the others.
fn with_new(text: &str, name: &str, value: &str) -> Result<String, DataError> {
    let name = written(name)?;
    if has_no_members(text) {
        return Ok(["{", &name, ":", value, "}"].concat());
    }
    let members = text.trim_end().strip_suffix('}').ok_or(Broken)?.trim_end();
    Ok([members, ",", &name, ":", value, "}"].concat())
}

/// The data with a member set where the last of its name stood, and without the others.
fn with_only(text: &str, name: &str, value: &str) -> Result<String, DataError> {
    let (_, last) = last(text, name)?;
    let last = last.map(|member| member.at);
    let mut out = Object::with_capacity(text.len() + value.len());
    for member in Members::of(text)? {
        let member = member?;
        match member.is_named(name) {
            false => out.push(member.head()?, member.value()?),
            true if Some(member.at) == last => out.push(member.head()?, value),
            true => {}
        }
    }
    Ok(out.text())
}

/// The data without a member; `None` when there is none of the name.
pub(super) fn without(text: &str, name: &str) -> Result<Option<String>, DataError> {
    let mut out = Object::with_capacity(text.len());
    let mut removed = false;
    for member in Members::of(text)? {
        let member = member?;
        match member.is_named(name) {
            false => out.push(member.head()?, member.value()?),
            true => removed = true,
        }
    }
    Ok(removed.then(|| out.text()))
}

/// Whether there are no members but the messages that wait.
pub(super) fn is_empty(text: &str) -> bool {
    let is_message =
        |member: Result<Member<'_>, Broken>| member.is_ok_and(|member| member.is_named(MESSAGES));
    Members::of(text).is_ok_and(|mut members| members.all(is_message))
}

/// Whether there are no members, and no messages either.
pub(super) fn has_no_members(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('}'))
}

/// A JSON object that is being written.
struct Object(String);

impl Object {
    fn with_capacity(len: usize) -> Self {
        let mut text = String::with_capacity(len);
        text.push('{');
        Self(text)
    }

    fn push(&mut self, head: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(head);
        self.0.push_str(value);
    }

    fn text(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#" { "a" : 1 ,"b":[1, {"a":2}], "\ud800":"x,}" , "a":  "last" } "#;

    #[test]
    fn the_last_member_of_a_name_counts() {
        assert_eq!(get::<String>(r#"{"a":"first","a":"last"}"#, "a"), Ok(Some("last".to_owned())));
        assert_eq!(get::<u8>("{\"\\u0061\":7}", "a"), Ok(Some(7)), "an escaped name");
        assert_eq!(get::<u8>(r#"{"b":{"a":7}}"#, "a"), Ok(None), "only members of the whole");
        assert_eq!(get::<Option<u8>>(r#"{"a":null}"#, "a"), Ok(Some(None)));
    }

    #[test]
    fn a_value_of_another_type_is_an_error_that_quotes_nothing() {
        let error = get::<u32>(r#"{"pin":"s3cret"}"#, "pin").unwrap_err();
        assert_eq!(error.to_string(), "the session's \"pin\" is no u32");
        assert_eq!(
            whole::<Vec<u8>>("{}").unwrap_err().to_string(),
            "the session's data is no alloc::vec::Vec<u8>"
        );
    }

    #[test]
    fn a_member_is_set_where_it_stood_and_others_keep_their_text() {
        let set = with(TEXT, "a", "2").unwrap().unwrap();
        assert_eq!(set, r#"{"b":[1, {"a":2}],"\ud800":"x,}","a":  2}"#);
        assert_eq!(with(&set, "a", "2"), Ok(None), "it says so already");
        assert_eq!(with("{}", "q\"", "1").unwrap().unwrap(), r#"{"q\"":1}"#);
        assert_eq!(with(" {\n} ", "c", "[]").unwrap().unwrap(), r#"{"c":[]}"#);
        assert_eq!(with(r#"{"b":1}"#, "c", "2").unwrap().unwrap(), r#"{"b":1,"c":2}"#);
        let text = r#" { "b" : {"c":1} ,"c" : 7 , "d":"}" } "#;
        assert_eq!(with(text, "c", "\"8\"").unwrap().unwrap(), r#" { "b" : {"c":1} ,"c" : "8" , "d":"}" } "#);
        assert_eq!(with(text, "e", "8").unwrap().unwrap(), r#" { "b" : {"c":1} ,"c" : 7 , "d":"}","e":8}"#);
    }

    #[test]
    fn a_member_is_removed_as_often_as_it_stands_there() {
        assert_eq!(without(TEXT, "a").unwrap().unwrap(), r#"{"b":[1, {"a":2}],"\ud800":"x,}"}"#);
        assert_eq!(without(TEXT, "c"), Ok(None));
        assert_eq!(without(r#"{"a":1}"#, "a").unwrap().unwrap(), "{}");
    }

    #[test]
    fn an_object_without_members_is_empty() {
        assert!(has_no_members("{}") && has_no_members(" { \n} ") && !has_no_members(TEXT));
        assert!(is_empty("{}") && is_empty(" { \n} ") && !is_empty(TEXT) && !is_empty("[]"));
    }

    #[test]
    fn members_beside_deep_ones_are_read_and_changed() {
        for depth in [65, 127, 128, 100_000] {
            let deep = "[".repeat(depth) + &"]".repeat(depth);
            let text = format!(r#"{{"deep":{deep},"b":1}}"#);
            assert_eq!(get(&text, "b"), Ok(Some(1)), "{depth}");
            let read = get::<serde_json::Value>(&text, "deep");
            assert!(depth < 128 || matches!(read, Err(DataError::Type { .. })), "{depth}");
            assert_eq!(with(&text, "b", "2").unwrap().unwrap(), format!(r#"{{"deep":{deep},"b":2}}"#));
            assert_eq!(without(&text, "deep").unwrap().unwrap(), r#"{"b":1}"#);
            assert!(!is_empty(&text));
        }
    }

    #[test]
    fn messages_that_wait_are_not_data() {
        let text = r#"{"_flash":[1],"a":2,"\u005fflash":[3]}"#;
        assert_eq!(whole::<serde_json::Value>(text).unwrap(), serde_json::json!({"a": 2}));
        assert_eq!(replaced(text, r#"{"b":4}"#.into()).unwrap(), r#"{"b":4,"_flash":[3]}"#);
        assert_eq!(replaced(text, "{}".into()).unwrap(), r#"{"_flash":[3]}"#);
        assert_eq!(replaced("{}", "{}".into()).unwrap(), "{}");
        let alone = r#" { "_flash" : [1] } "#;
        assert!(is_empty(alone) && !has_no_members(alone) && !is_empty(text));
        assert_eq!(written_whole(&serde_json::json!({"_flash": 1})), Err(reserved("_flash")));
        assert_eq!((check_name("_flash"), check_name("_Flash")), (Err(reserved("_flash")), Ok(())));
    }

    #[test]
    fn what_is_no_object_is_not_taken_for_the_whole() {
        assert!(matches!(written_whole(&[1]), Err(DataError::Seal(SealError::NotAnObject { .. }))));
        assert!(matches!(
            written(&std::collections::HashMap::from([((1, 2), 3)])),
            Err(DataError::Unserializable { .. })
        ));
    }
}
