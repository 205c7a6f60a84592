//! `dbsc.json`.

use std::sync::Mutex;
use std::time::Duration;

use sealed_session::SessionUid;
use sealed_session::dbsc::{Binding, DbscError, DeviceBinding, Refresh, unquoted};
use sealed_session::hazmat::{ManualClock, with_randomness};
use sealed_session::{OpenError, SealedStore, SessionId};

use crate::reading::{Vector, Verdict, name_of, run, same, to_hex};

#[test]
fn devices_register_and_refresh_and_are_refused() {
    run("dbsc.json", |kind, vector| match kind {
        "DbscOffered" => is_offered(vector),
        "DbscRegistered" => is_registered(vector),
        "DbscRegistrationRefused" => is_refused(vector, register),
        "DbscRegistrationOrder" => is_refused_twice(vector, register),
        "DbscProven" => is_proven(vector),
        "DbscAsked" => is_asked(vector),
        "DbscRefreshRefused" => is_refused(vector, refresh),
        "DbscRefreshOrder" => is_refused_twice(vector, refresh),
        "DbscBound" => is_bound(vector),
        "DbscBoundRefused" => is_bound_refused(vector),
        "DbscCsrf" => has_csrf_token(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

fn server(vector: &Vector) -> (SealedStore, DeviceBinding) {
    let ms = |name| Duration::from_millis(vector.number(name));
    let builder = SealedStore::builder(vector.ring())
        .app_id(vector.text("app"))
        .cookie_name(vector.text("name"))
        .leeway(ms("leeway_ms"))
        .max_lifetime(ms("max_lifetime_ms"))
        .padding(if vector.has("padding") {
            usize::try_from(vector.get("padding").as_u64().unwrap()).unwrap()
        } else {
            1
        })
        .clock(ManualClock::at(vector.number("now")));
    let drawn = if vector.has("random") { vector.hex("random") } else { vec![0; 120] };
    let store = with_randomness(builder, draws(drawn)).build().unwrap();
    let devices = DeviceBinding::builder(&store)
        .proof_ttl(ms("proof_ttl_ms"))
        .challenge_ttl(ms("challenge_ttl_ms"))
        .registration_ttl(ms("registration_ttl_ms"))
        .identifier_lifetime(ms("identifier_lifetime_ms"))
        .build()
        .unwrap();
    (store, devices)
}

/// All of it, once.
fn draws(drawn: Vec<u8>) -> impl Fn(&mut [u8]) -> bool + Send + Sync {
    let left = Mutex::new(drawn);
    move |out| {
        let mut left = left.lock().unwrap();
        let enough = out.len() <= left.len();
        left.drain(..if enough { out.len() } else { 0 }).zip(out).for_each(|(octet, out)| *out = octet);
        enough
    }
}

fn login(vector: &Vector) -> SessionUid {
    SessionUid::from_bytes(vector.array("login_uid"))
}

fn is_offered(vector: &Vector) -> Verdict {
    let offered = server(vector).1.offer(login(vector)).map_err(|error| error.to_string())?;
    same("challenge", offered, vector.text("challenge"))
}

fn register(vector: &Vector) -> Result<sealed_session::dbsc::Registration, DbscError> {
    let user = vector.optional_text("user");
    server(vector).1.register(&vector.text("jwt"), login(vector), user.as_deref())
}

fn is_registered(vector: &Vector) -> Verdict {
    let made = register(vector).map_err(|error| format!("refused by {:?}", error.reason()))?;
    let now = vector.number("now");
    same("identifier", &*made.identifier, &*vector.text("identifier"))?;
    same("binding", to_hex(made.binding.as_bytes()), vector.text("binding"))?;
    same("uid", made.uid.to_string(), vector.text("uid"))?;
    same("proof", made.proof.as_str(), &*vector.text("proof"))?;
    same("challenge", &*made.challenge, &*vector.text("challenge"))?;
    same("proof's expiry", made.proof_expires_at_ms, now + vector.number("proof_ttl_ms"))?;
    same("expiry", made.identifier_expires_at_ms, now + vector.number("identifier_lifetime_ms"))
}

fn refresh(vector: &Vector) -> Result<Refresh, DbscError> {
    let jwt = vector.optional_text("jwt");
    server(vector).1.refresh(&vector.text("identifier"), jwt.as_deref())
}

fn is_proven(vector: &Vector) -> Verdict {
    let proven = match refresh(vector).map_err(|error| format!("refused by {:?}", error.reason()))? {
        Refresh::Proven(proven) => proven,
        Refresh::Challenge(_) => return Err("asked for another proof".into()),
    };
    let expiry = vector.number("now") + vector.number("proof_ttl_ms");
    same("binding", to_hex(proven.binding.as_bytes()), vector.text("binding"))?;
    same("binding", proven.binding, Binding::of(unquoted(&vector.text("identifier"))))?;
    same("uid", proven.uid.to_string(), vector.text("uid"))?;
    same("user", proven.user_id, vector.optional_text("user"))?;
    same("time of registration", proven.registered_at_ms, vector.number("registered_at_ms"))?;
    same("proof", proven.proof.as_str(), &*vector.text("proof"))?;
    same("proof's expiry", proven.proof_expires_at_ms, expiry)?;
    same("challenge", proven.challenge, vector.text("challenge"))
}

fn is_asked(vector: &Vector) -> Verdict {
    match refresh(vector).map_err(|error| format!("refused by {:?}", error.reason()))? {
        Refresh::Challenge(challenge) => same("challenge", challenge, vector.text("challenge")),
        Refresh::Proven(_) => Err("proven".into()),
    }
}

type Call<T> = fn(&Vector) -> Result<T, DbscError>;

fn is_refused<T>(vector: &Vector, call: Call<T>) -> Verdict {
    is_told(call(vector), &vector.text("check"), &vector.text("outcome"))?;
    call(&vector.repaired()).map(|_| ()).map_err(|error| format!("repaired, and still {:?}", error.reason()))
}

/// By its first fault, and without it by its second.
fn is_refused_twice<T>(vector: &Vector, call: Call<T>) -> Verdict {
    is_told(call(vector), &vector.text("check"), &vector.text("outcome"))?;
    let then = |name: &str| vector.get("then")[name].as_str().unwrap();
    is_told(call(&vector.repaired()), then("check"), then("outcome"))
}

fn is_told<T>(answer: Result<T, DbscError>, check: &str, outcome: &str) -> Verdict {
    let Err(error) = answer else { return Err("taken".into()) };
    same("check", error.reason().as_str(), check)?;
    same("outcome", if error.is_transient() { "transient" } else { "ends" }, outcome)
}

/// What does not open, and why.
type NotBound = (&'static str, OpenError);

fn open(vector: &Vector) -> Result<sealed_session::OpenedSession, NotBound> {
    let (_, devices) = server(vector);
    let binding = devices.open_proof(&vector.text("proof")).map_err(|error| ("proof", error))?;
    let associated_data = binding.associated_data(&vector.hex("ad"));
    let token = SessionId::new(vector.text("token"));
    devices.bound_store().open_with(&token, &associated_data).map_err(|error| ("session", error))
}

fn is_bound(vector: &Vector) -> Verdict {
    let session = open(vector).map_err(|(of, error)| format!("{of}: {:?}", error.reason()))?;
    same("uid", session.uid().to_string(), vector.text("uid"))?;
    same("user", session.record().user_id.clone(), vector.optional_text("user"))?;
    same("data", &*session.record().data_json, &*vector.text("data"))
}

fn has_csrf_token(vector: &Vector) -> Verdict {
    let session = open(vector).map_err(|(of, error)| format!("{of}: {:?}", error.reason()))?;
    let (store, devices) = server(vector);
    let token = store.csrf_token(session.uid()).map_err(|error| error.to_string())?;
    same("token", &*token, &*vector.text("csrf_token"))?;
    let elsewhere = devices.bound_store().check_csrf_token(session.uid(), &token);
    same("taken by the keys of bound sessions", elsewhere.is_ok(), false)
}

fn is_bound_refused(vector: &Vector) -> Verdict {
    let Err((of, error)) = open(vector) else { return Err("taken".into()) };
    same("of", of, &*vector.text("of"))?;
    same("check", name_of(error.reason()), &*vector.text("check"))?;
    open(&vector.repaired())
        .map(|_| ())
        .map_err(|(of, error)| format!("repaired, {of}: {:?}", error.reason()))
}
