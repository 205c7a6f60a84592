//! `operations.json`.

use std::time::Duration;

use sealed_session::hazmat::with_randomness;
use sealed_session::{
    ConfigError, CreateOptions, ResealError, SealError, SealedStore, SealedStoreBuilder, SessionId,
    SessionPlugin,
};
use serde_json::json;

use crate::reading::{Vector, Verdict, run, same};

#[test]
fn operations_seal_and_refuse() {
    run("operations.json", |kind, vector| match kind {
        "OperationDone" => is_done(vector),
        "OperationRefused" => {
            is_refused(vector)?;
            operation(&vector.repaired()).map(drop).map_err(|e| format!("repaired, and still {e:?}"))
        }
        "OperationOrder" => {
            is_refused(vector)?;
            let then = vector.get("then");
            let [outcome, check] = ["outcome", "check"].map(|name| then[name].as_str().unwrap());
            is_refused_as(&vector.repaired(), outcome, check)
        }
        _ => Err(format!("unknown type {kind}")),
    });
}

#[test]
fn a_refused_operation_says_whether_the_cookie_is_left_in_place() {
    run("operations.json", |kind, vector| match operation(vector) {
        Err(Refusal::Operation(ResealError::Open(error))) if kind != "OperationDone" => {
            same("transient", error.keeps_cookie(), vector.is_transient())
        }
        _ => same("transient", false, vector.is_transient()),
    });
}

/// What an operation is refused by.
#[derive(Debug)]
enum Refusal {
    Config(ConfigError),
    Operation(ResealError),
}

impl From<ResealError> for Refusal {
    fn from(error: ResealError) -> Self {
        Self::Operation(error)
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self::Operation(error.into())
    }
}

fn is_done(vector: &Vector) -> Verdict {
    let sealed = operation(vector).map_err(|e| format!("{e:?}"))?;
    same("sealed", &json!(sealed.map(|id| id.0)), vector.get("sealed"))
}

fn is_refused(vector: &Vector) -> Verdict {
    let (outcome, check) = (vector.text("outcome"), vector.text("check"));
    is_refused_as(vector, &outcome, &check)?;
    match operation(vector) {
        Err(Refusal::Operation(ResealError::Seal(error))) => sizes(vector, &error),
        _ => Ok(()),
    }
}

fn is_refused_as(vector: &Vector, outcome: &str, check: &str) -> Verdict {
    match operation(vector) {
        Ok(_) => Err(format!("expected {check}, and it is done")),
        Err(Refusal::Operation(ResealError::Open(error))) => vector.same_refusal(outcome, check, &error),
        Err(Refusal::Operation(ResealError::Seal(error))) => {
            same("refusal", names_of(&error), (outcome, check))
        }
        Err(Refusal::Config(error)) => same("refusal", ("refused", setting_of(&error)), (outcome, check)),
    }
}

/// The setting that an error of a builder is about.
fn setting_of(error: &ConfigError) -> &'static str {
    const SETTINGS: [(&str, &str); 6] = [
        ("is no cookie name", "name"),
        ("max_token_chars", "max_token_chars"),
        ("the maximum lifetime must be", "max_lifetime"),
        ("the maximum TTL must be", "max_ttl"),
        ("longer than the ring's longest life of a token", "max_ttl"),
        ("the default TTL", "default_ttl"),
    ];
    let message = error.to_string();
    SETTINGS.iter().find(|(part, _)| message.contains(part)).map_or("another setting", |(_, name)| name)
}

fn names_of(error: &SealError) -> (&'static str, &'static str) {
    match error {
        SealError::NotAnObject { .. } | SealError::TooDeep { .. } => ("invalid", "data"),
        SealError::UserIdTooLong { .. } => ("invalid", "user_id"),
        SealError::TooLarge { .. } => ("backend", "size"),
        SealError::NoSealingKey => ("backend", "no_key"),
        SealError::ExpiredAtOnce => ("backend", "expired_at_once"),
        _ => ("backend", "another error"),
    }
}

fn sizes(vector: &Vector, error: &SealError) -> Verdict {
    match error {
        SealError::TooLarge { needed, allowed } => {
            same("sizes", (*needed, *allowed), (vector.count("needed"), vector.count("allowed")))
        }
        _ => Ok(()),
    }
}

fn store(vector: &Vector) -> Result<SealedStore, ConfigError> {
    let ms = |name| Duration::from_millis(vector.number(name));
    let uid = if vector.has("uid") { vector.hex("uid") } else { vec![] };
    let drawn = [uid, vector.hex("salt")].concat();
    let builder = vector
        .builder()
        .max_lifetime(ms("max_lifetime_ms"))
        .default_ttl(ms("default_ttl_ms"))
        .max_ttl(ms("max_ttl_ms"))
        .padding(vector.count("padding"));
    let limit = Some("max_token_chars").filter(|name| !vector.get(name).is_null());
    let builder =
        limit.map(|name| vector.count(name)).into_iter().fold(builder, SealedStoreBuilder::max_token_chars);
    // The buffer is as long as what is to be drawn, or the copy panics.
    let write = move |out: &mut [u8]| {
        out.copy_from_slice(&drawn);
        true
    };
    with_randomness(builder, write).build()
}

fn operation(vector: &Vector) -> Result<Option<SessionId>, Refusal> {
    let (store, ad) = (store(vector).map_err(Refusal::Config)?, vector.hex("ad"));
    let id = || SessionId::new(vector.text("token"));
    Ok(Some(match vector.text("op").as_str() {
        "create" => store.create_with(
            CreateOptions {
                user_id: vector.optional_text("user"),
                data_json: vector.text("data"),
                ttl_ms: vector.number("ttl_ms"),
            },
            &ad,
        )?,
        "update" => store.update_with(&id(), &vector.text("data"), &ad)?,
        "touch" => store.touch_with(&id(), vector.number("ttl_ms"), &ad)?,
        "reseal" => store.reseal_with(&id(), &ad)?,
        "cycle" => store.cycle_with(&id(), &ad)?,
        "login" => {
            let keep =
                if vector.has("keep") { vector.get("keep").as_array().unwrap().clone() } else { vec![] };
            let keep: Vec<&str> = keep.iter().map(|name| name.as_str().unwrap()).collect();
            store.authenticate_keeping_with(&id(), &vector.text("user"), &keep, &ad)?
        }
        "delete" => {
            assert_eq!(store.delete(&id()), Ok(()));
            return Ok(None);
        }
        op => panic!("unknown operation {op}"),
    }))
}
