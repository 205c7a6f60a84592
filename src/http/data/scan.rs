//! Where members stand in the text of an object.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::DataError;

/// The value of the last member of a name.
pub(super) fn find<T: DeserializeOwned>(text: &str, name: &str) -> serde_json::Result<Option<T>> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Find { name, value: PhantomData })
}

/// A member of an object, as it stands in its text: the name with what follows up to the value, and the value.
pub(super) struct Member<'a> {
    pub(super) wanted: bool,
    pub(super) head: &'a str,
    pub(super) value: &'a str,
}

/// The members of an object, of which those of a name are wanted. Names are kept as they are written, so that
/// those that are no Unicode survive.
pub(super) fn members<'a>(text: &'a str, name: &str) -> Result<Vec<Member<'a>>, DataError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let values = json.deserialize_map(Values { name }).map_err(|_| broken())?;
    let mut members = Vec::with_capacity(values.len());
    let mut begin = text.find('{').ok_or_else(broken)? + 1;
    for (wanted, value) in values {
        let start = place(text, value)?;
        let head = text.get(begin..start).ok_or_else(broken)?;
        // What separates it from the member before: blanks and, but for the first, one comma.
        let head = head.trim_start().trim_start_matches(',').trim_start();
        members.push(Member { wanted, head, value });
        begin = start + value.len();
    }
    Ok(members)
}

/// How many members have a name, and the value of the last.
pub(super) fn places<'a>(text: &'a str, name: &str) -> Result<(usize, Option<&'a str>), DataError> {
    let mut json = serde_json::Deserializer::from_str(text);
    json.deserialize_map(Places { name }).map_err(|_| broken())
}

/// Where a piece of a text begins.
pub(super) fn place(text: &str, piece: &str) -> Result<usize, DataError> {
    (piece.as_ptr() as usize).checked_sub(text.as_ptr() as usize).ok_or_else(broken)
}

pub(super) fn broken() -> DataError {
    DataError::Type { member: String::new(), wanted: "JSON object" }
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

struct Places<'n> {
    name: &'n str,
}

impl<'de> Visitor<'de> for Places<'_> {
    type Value = (usize, Option<&'de str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut count, mut last) = (0, None);
        while let Some(wanted) = members.next_key_seed(Is(self.name))? {
            if wanted {
                count += 1;
                last = Some(members.next_value::<&RawValue>()?.get());
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok((count, last))
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
