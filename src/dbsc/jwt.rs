//! What a device signs: a JWT (RFC 7519) of one type and one algorithm. Nothing of it is believed before the
//! signature is checked but the key, at a registration, which the signature then shows to be in the device's hands.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::error::DbscReason;
use super::es256::{Point, SIGNATURE_LEN};
use super::texts::octets;
use crate::base64url;
use crate::json;

/// Of the text without quotation marks. A real one has about 620 characters: its challenge 215, its key 130, its
/// signature 86, all but the last in base64 once more. Browsers may add to it; nobody has reason to make us parse more
/// than this.
pub(super) const MAX_CHARS: usize = 4096;
const TYPE: &str = "dbsc+jwt";
const ALGORITHM: &str = "ES256";
const KEY_TYPE: &str = "EC";
const CURVE: &str = "P-256";

/// The key that a device registers, and the challenge that it signed with it.
pub(super) fn registration(text: &str) -> Result<(Point, String), DbscReason> {
    let parts = Parts::split(text)?;
    let key = key(parts.header()?.jwk.ok_or(DbscReason::KeyMissing)?)?;
    Ok((key, parts.signed_by(&key)?))
}

/// The challenge that a device signed with the key that it once registered.
pub(super) fn refresh(text: &str, key: &Point) -> Result<String, DbscReason> {
    let parts = Parts::split(text)?;
    match parts.header()?.jwk {
        Some(_) => Err(DbscReason::KeyPresent),
        None => parts.signed_by(key),
    }
}

/// The parts of a JWT, decoded.
struct Parts<'a> {
    /// What the signature is over.
    signed: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The members of the header that count. A derived reader refuses one that stands there twice.
#[derive(Deserialize)]
struct Header<'a> {
    typ: Option<String>,
    alg: Option<String>,
    #[serde(default, deserialize_with = "there")]
    crit: Option<IgnoredAny>,
    #[serde(borrow, default, deserialize_with = "there")]
    jwk: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
}

#[derive(Deserialize)]
struct Payload {
    jti: Option<String>,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, DbscReason> {
        if text.len() > MAX_CHARS {
            return Err(DbscReason::Length);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(DbscReason::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(DbscReason::Parts)?;
        if payload.contains('.') {
            return Err(DbscReason::Parts);
        }
        let decoded = |part| base64url::engine().decode(part).map_err(|_| DbscReason::Base64);
        Ok(Self {
            signed,
            header: decoded(header)?,
            payload: decoded(payload)?,
            signature: decoded(signature)?,
        })
    }

    /// The header, once it is known to be one of this protocol.
    fn header(&self) -> Result<Header<'_>, DbscReason> {
        let header: Header<'_> = object_in(&self.header).ok_or(DbscReason::HeaderJson)?;
        match &header {
            Header { typ, .. } if typ.as_deref() != Some(TYPE) => Err(DbscReason::Type),
            Header { alg, .. } if alg.as_deref() != Some(ALGORITHM) => Err(DbscReason::Algorithm),
            Header { crit: Some(_), .. } => Err(DbscReason::Critical),
            _ => Ok(header),
        }
    }

    /// The challenge, if this key has signed it.
    fn signed_by(&self, key: &Point) -> Result<String, DbscReason> {
        let signature: &[u8; SIGNATURE_LEN] =
            self.signature.as_slice().try_into().map_err(|_| DbscReason::SignatureLength)?;
        if !key.has_signed(self.signed.as_bytes(), signature) {
            return Err(DbscReason::Signature);
        }
        let payload: Payload = object_in(&self.payload).ok_or(DbscReason::PayloadJson)?;
        payload.jti.ok_or(DbscReason::ChallengeMissing)
    }
}

/// The public key of a registration (RFC 7518, section 6.2.1).
fn key(jwk: &RawValue) -> Result<Point, DbscReason> {
    let jwk: Jwk = object(jwk.get()).ok_or(DbscReason::KeyJson)?;
    if jwk.kty != KEY_TYPE {
        return Err(DbscReason::KeyType);
    }
    if jwk.crv != CURVE {
        return Err(DbscReason::Curve);
    }
    let coordinate = |text: &str| octets(text).ok_or(DbscReason::Coordinates);
    let point = Point { x: coordinate(&jwk.x)?, y: coordinate(&jwk.y)? };
    if point.is_on_curve() { Ok(point) } else { Err(DbscReason::OffCurve) }
}

/// One JSON object. A derived reader by itself would take an array of its members as well.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok().map(|Object(value)| value)
}

/// Also within members that nobody knows, which the JSON reader skips, all has to be UTF-8 and not too deep.
fn object_in<'a, T: Deserialize<'a>>(octets: &'a [u8]) -> Option<T> {
    let text = std::str::from_utf8(octets).ok()?;
    if json::is_too_deep(text) { None } else { object(text) }
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// A member that is `null` is there.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
