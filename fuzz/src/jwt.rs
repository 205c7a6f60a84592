//! What a device signs (docs/device-bound-spec.md, section 6).

use crate::base64url;
use crate::json::{self, Json};

/// What it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Registration,
    Refresh,
}

/// A public key: both coordinates.
pub type Key = ([u8; 32], [u8; 32]);

/// Questions that a reader of text cannot answer: whether a key is on the curve, and whether it signed.
pub trait Oracle {
    fn is_on_curve(&self, key: &Key) -> bool;
    fn has_signed(&self, key: Option<&Key>, signed: &str, signature: &[u8; 64]) -> bool;
}

/// The challenge that was signed, or the check that refuses. At a refresh the oracle knows the key.
pub fn read(text: &str, purpose: Purpose, oracle: &impl Oracle) -> Result<String, &'static str> {
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let text = bare.unwrap_or(text);
    if text.len() > 4096 {
        return Err("length");
    }
    let parts: Vec<&str> = text.split('.').collect();
    let &[header, payload, signature] = parts.as_slice() else { return Err("parts") };
    let octets: Option<Vec<_>> = [header, payload, signature].into_iter().map(base64url::decode).collect();
    let octets = octets.ok_or("base64")?;
    let jwk = header_of(&octets[0])?;
    let key = match (purpose, jwk) {
        (Purpose::Registration, None) => return Err("jwk_missing"),
        (Purpose::Refresh, Some(_)) => return Err("jwk_present"),
        (Purpose::Registration, Some(jwk)) => Some(key_of(&jwk, oracle)?),
        (Purpose::Refresh, None) => None,
    };
    let signature: &[u8; 64] = octets[2].as_slice().try_into().map_err(|_| "signature_length")?;
    if !oracle.has_signed(key.as_ref(), &format!("{header}.{payload}"), signature) {
        return Err("signature");
    }
    challenge_of(&octets[1])
}

/// The `jwk` of a good header, if it has one.
fn header_of(octets: &[u8]) -> Result<Option<Json>, &'static str> {
    let header = object(octets).ok_or("header_json")?;
    let members = header.known(["typ", "alg", "crit", "jwk"]).ok_or("header_json")?;
    let [typ, alg, crit, jwk] = members;
    let typ = optional(typ).ok_or("header_json")?;
    let alg = optional(alg).ok_or("header_json")?;
    match () {
        () if typ.as_deref() != Some("dbsc+jwt") => Err("typ"),
        () if alg.as_deref() != Some("ES256") => Err("alg"),
        () if crit.is_some() => Err("crit"),
        () => Ok(jwk),
    }
}

fn key_of(jwk: &Json, oracle: &impl Oracle) -> Result<Key, &'static str> {
    let Json::Object(members) = jwk else { return Err("jwk_json") };
    let members = Members(members.clone()).known(["kty", "crv", "x", "y"]).ok_or("jwk_json")?;
    let texts: Option<Vec<String>> = members.into_iter().map(|member| optional(member).flatten()).collect();
    let texts = texts.ok_or("jwk_json")?;
    if texts[0] != "EC" {
        return Err("kty");
    }
    if texts[1] != "P-256" {
        return Err("crv");
    }
    let coordinate = |text: &str| base64url::decode(text).and_then(|octets| octets.try_into().ok());
    let key = (coordinate(&texts[2]).ok_or("coordinates")?, coordinate(&texts[3]).ok_or("coordinates")?);
    if oracle.is_on_curve(&key) { Ok(key) } else { Err("off_curve") }
}

fn challenge_of(octets: &[u8]) -> Result<String, &'static str> {
    let payload = object(octets).ok_or("payload_json")?;
    let [jti] = payload.known(["jti"]).ok_or("payload_json")?;
    optional(jti).ok_or("payload_json")?.ok_or("jti_missing")
}

struct Members(Vec<(json::Text, Json)>);

fn object(octets: &[u8]) -> Option<Members> {
    match json::read(std::str::from_utf8(octets).ok()?)? {
        json if depth(&json) > 64 => None,
        Json::Object(members) => Some(Members(members)),
        _ => None,
    }
}

/// How many objects and arrays are open at once.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

impl Members {
    /// The values of these members, none of which may stand there twice; no name may be half a letter.
    fn known<const N: usize>(&self, names: [&str; N]) -> Option<[Option<Json>; N]> {
        let mut known = [const { None }; N];
        for (name, value) in &self.0 {
            let name = name.says.as_deref()?;
            if let Some(at) = names.iter().position(|other| *other == name) {
                if known[at].is_some() {
                    return None;
                }
                known[at] = Some(value.clone());
            }
        }
        Some(known)
    }
}

/// A text, or nothing for null and for what is not there; nothing at all for anything else.
fn optional(value: Option<Json>) -> Option<Option<String>> {
    match value {
        None | Some(Json::Null) => Some(None),
        Some(Json::Text(text)) => text.says.map(Some),
        Some(_) => None,
    }
}
