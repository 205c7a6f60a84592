//! The data of a session: the text of a JSON object, of which members are read and changed in place.
//!
//! Nothing is kept beside the text. Reading one value scans it without allocating, changing one copies it once,
//! and members that nobody asks for are never parsed into anything.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::SealError;
use crate::json;

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
    /// The value cannot be written as JSON.
    Unserializable {
        /// What `serde_json` says of it.
        message: String,
    },
    /// The session cannot be sealed so: its data is no JSON object, or too large for its cookie.
    Seal(SealError),
    /// The backend of revocations cannot do it. Only with the feature `revocation`.
    #[cfg(feature = "revocation")]
    Revocation(crate::revocation::BackendError),
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
            Self::Seal(error) => error.fmt(f),
            #[cfg(feature = "revocation")]
            Self::Revocation(error) => error.fmt(f),
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

/// The value of a member, if there is one. Of several members of one name the last counts.
pub(super) fn get<T: DeserializeOwned>(text: &str, name: &str) -> Result<Option<T>, DataError> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Find { name, value: PhantomData })
        .map_err(|_| DataError::Type { member: name.to_owned(), wanted: std::any::type_name::<T>() })
}

/// The data as a whole.
pub(super) fn whole<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    serde_json::from_str(text)
        .map_err(|_| DataError::Type { member: String::new(), wanted: std::any::type_name::<T>() })
}

/// The text of a value.
pub(super) fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, DataError> {
    serde_json::to_string(value).map_err(|error| DataError::Unserializable { message: error.to_string() })
}

/// The text of a value that stands for the whole data.
pub(super) fn written_whole<T: Serialize + ?Sized>(value: &T) -> Result<String, DataError> {
    let text = written(value)?;
    json::check_object(&text)?;
    Ok(text)
}

/// The data with a member set to a value, in the place where it stood; `None` when it says so already.
pub(super) fn with(text: &str, name: &str, value: &str) -> Result<Option<String>, DataError> {
    let members = members(text, name)?;
    let last = members.iter().rposition(|member| member.wanted);
    if last.and_then(|at| members.get(at)).is_some_and(|member| member.value == value) {
        return Ok(None);
    }
    let mut out = Object::with_capacity(text.len() + name.len() + value.len() + r#","":"#.len());
    for (at, member) in members.iter().enumerate() {
        match member.wanted {
            false => out.push(member.head, member.value),
            true if Some(at) == last => out.push(member.head, value),
            true => {}
        }
    }
    if last.is_none() {
        out.push(&[written(name)?.as_str(), ":"].concat(), value);
    }
    Ok(Some(out.text()))
}

/// The data without a member; `None` when there is none of the name.
pub(super) fn without(text: &str, name: &str) -> Result<Option<String>, DataError> {
    let members = members(text, name)?;
    if !members.iter().any(|member| member.wanted) {
        return Ok(None);
    }
    let mut out = Object::with_capacity(text.len());
    members.iter().filter(|member| !member.wanted).for_each(|member| out.push(member.head, member.value));
    Ok(Some(out.text()))
}

/// Whether there are no members.
pub(super) fn is_empty(text: &str) -> bool {
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

/// A member of an object, as it stands in its text: the name with what follows up to the value, and the value.
struct Member<'a> {
    wanted: bool,
    head: &'a str,
    value: &'a str,
}

/// The members of an object, of which those of a name are wanted. Names are kept as they are written, so that
/// those that are no Unicode survive.
fn members<'a>(text: &'a str, name: &str) -> Result<Vec<Member<'a>>, DataError> {
    let broken = || DataError::Type { member: String::new(), wanted: "JSON object" };
    let mut json = serde_json::Deserializer::from_str(text);
    let values = json.deserialize_map(Values { name }).map_err(|_| broken())?;
    let mut members = Vec::with_capacity(values.len());
    let mut begin = text.find('{').ok_or_else(broken)? + 1;
    for (wanted, value) in values {
        let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize).ok_or_else(broken)?;
        let head = text.get(begin..start).ok_or_else(broken)?;
        // What separates it from the member before: blanks and, but for the first, one comma.
        let head = head.trim_start().trim_start_matches(',').trim_start();
        members.push(Member { wanted, head, value });
        begin = start + value.len();
    }
    Ok(members)
}

/// Whether a member's name is this one.
struct Is<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    /// As bytes: the halves of surrogate pairs are allowed in names, and are no text.
    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<bool, D::Error> {
        name.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<bool, E> {
        Ok(name == self.0.as_bytes())
    }
}

struct Find<'n, T> {
    name: &'n str,
    value: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Find<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(wanted) = members.next_key_seed(Is(self.name))? {
            match wanted {
                true => found = Some(members.next_value()?),
                false => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

struct Values<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<(bool, &'de str)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(wanted) = members.next_key_seed(Is(self.name))? {
            values.push((wanted, members.next_value::<&RawValue>()?.get()));
        }
        Ok(values)
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
    }

    #[test]
    fn a_member_is_removed_as_often_as_it_stands_there() {
        assert_eq!(without(TEXT, "a").unwrap().unwrap(), r#"{"b":[1, {"a":2}],"\ud800":"x,}"}"#);
        assert_eq!(without(TEXT, "c"), Ok(None));
        assert_eq!(without(r#"{"a":1}"#, "a").unwrap().unwrap(), "{}");
    }

    #[test]
    fn an_object_without_members_is_empty() {
        assert!(is_empty("{}") && is_empty(" { \n} ") && !is_empty(TEXT));
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
