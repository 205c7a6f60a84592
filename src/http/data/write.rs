//! Writing a value as JSON that is read as the same value: `serde_json`, but for floats that JSON does not have, which
//! it writes as `null`, and for values that nest without end, which exhaust its stack.

use std::cell::Cell;
use std::fmt::Display;

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::error::SealError;
use crate::http::DataError;
use crate::json::MAX_DEPTH;

/// How many compound values may stand in each other before one is given up while it is written. How deep the text goes
/// is checked afterwards: here a value that brings its own text counts as one more.
const TOO_DEEP: usize = MAX_DEPTH + 1;

/// The text of a value.
pub(super) fn to_text<T: Serialize + ?Sized>(value: &T) -> Result<String, DataError> {
    let too_deep = Cell::new(false);
    let mut text = Vec::with_capacity(128);
    let mut json = serde_json::Serializer::new(&mut text);
    let written = value.serialize(Strict { inner: &mut json, depth: 0, too_deep: &too_deep });
    match written {
        Ok(()) => String::from_utf8(text).map_err(|error| unserializable(&error)),
        Err(_) if too_deep.get() => Err(DataError::Seal(SealError::TooDeep { limit: MAX_DEPTH })),
        Err(error) => Err(unserializable(&error)),
    }
}

fn unserializable(error: &dyn Display) -> DataError {
    DataError::Unserializable { message: error.to_string() }
}

/// A serializer, or what it writes the parts of a compound value with.
struct Strict<'t, S> {
    inner: S,
    /// How many compound values this one stands in.
    depth: usize,
    too_deep: &'t Cell<bool>,
}

impl<'t, S> Strict<'t, S> {
    /// What writes the parts of a value, one level further in.
    fn parts<C, E: serde::ser::Error>(
        self,
        begin: impl FnOnce(S) -> Result<C, E>,
    ) -> Result<Strict<'t, C>, E> {
        let Self { inner, depth, too_deep } = self;
        if depth >= TOO_DEEP {
            too_deep.set(true);
            return Err(E::custom("the value is nested too deeply"));
        }
        Ok(Strict { inner: begin(inner)?, depth: depth + 1, too_deep })
    }

    fn part<'v, T: ?Sized>(&self, value: &'v T) -> Part<'v, 't, T> {
        Part { value, depth: self.depth, too_deep: self.too_deep }
    }
}

/// A value that stands in another.
struct Part<'v, 't, T: ?Sized> {
    value: &'v T,
    depth: usize,
    too_deep: &'t Cell<bool>,
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, '_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Strict { inner, depth: self.depth, too_deep: self.too_deep })
    }
}

/// Hands calls through.
macro_rules! as_they_are {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method(self $(, $name: $type)*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($name),*)
        })*
    };
}

/// Refuses floats that are not numbers.
macro_rules! finite {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, float: $type) -> Result<S::Ok, S::Error> {
            match float.is_finite() {
                true => self.inner.$method(float),
                false => Err(S::Error::custom("JSON has no NaN and no infinity: use an Option")),
            }
        })*
    };
}

/// Begins values that have parts.
macro_rules! compound {
    ($($method:ident($($name:ident: $type:ty),*) -> $parts:ident;)*) => {
        $(fn $method(self $(, $name: $type)*) -> Result<Self::$parts, S::Error> {
            self.parts(|inner| inner.$method($($name),*))
        })*
    };
}

impl<'t, S: Serializer> Serializer for Strict<'t, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Strict<'t, S::SerializeSeq>;
    type SerializeTuple = Strict<'t, S::SerializeTuple>;
    type SerializeTupleStruct = Strict<'t, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Strict<'t, S::SerializeTupleVariant>;
    type SerializeMap = Strict<'t, S::SerializeMap>;
    type SerializeStruct = Strict<'t, S::SerializeStruct>;
    type SerializeStructVariant = Strict<'t, S::SerializeStructVariant>;

    as_they_are! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    finite! {
        serialize_f32(f32);
        serialize_f64(f64);
    }

    compound! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.part(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.part(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Strict { inner, depth, too_deep } = self.parts(Ok::<S, S::Error>)?;
        inner.serialize_newtype_variant(name, index, variant, &Part { value, depth, too_deep })
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The parts that have no names.
macro_rules! elements {
    ($($trait:ident::$method:ident;)*) => {
        $(impl<C: $trait> $trait for Strict<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let value = self.part(value);
                self.inner.$method(&value)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

/// The parts that are fields.
macro_rules! fields {
    ($($trait:ident;)*) => {
        $(impl<C: $trait> $trait for Strict<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let value = self.part(value);
                self.inner.serialize_field(name, &value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<C: SerializeMap> SerializeMap for Strict<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let key = self.part(key);
        self.inner.serialize_key(&key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let value = self.part(value);
        self.inner.serialize_value(&value)
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
