//! `csrf.json`.

use sealed_session::hazmat::with_randomness;
use sealed_session::{OpenError, SessionUid};

use crate::reading::{Vector, Verdict, run, same};

#[test]
fn csrf_tokens_are_made_taken_and_refused() {
    run("csrf.json", |kind, vector| match kind {
        "CsrfMade" => is_made(vector),
        "CsrfTaken" => taken(vector).map_err(|e| format!("refused by {:?}", e.reason())),
        "CsrfRefused" => is_refused(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

fn is_made(vector: &Vector) -> Verdict {
    let salt: [u8; 24] = vector.array("salt");
    let builder = with_randomness(vector.builder(), move |out| {
        out.copy_from_slice(&salt);
        true
    });
    let made = builder.build().unwrap().csrf_token(SessionUid::from_bytes(vector.array("uid")));
    same("csrf token", made.map_err(|e| e.to_string())?, vector.text("csrf_token"))?;
    taken(vector).map_err(|e| format!("made, but refused by {:?}", e.reason()))
}

fn taken(vector: &Vector) -> Result<(), OpenError> {
    let store = vector.builder().build().unwrap();
    store.check_csrf_token(SessionUid::from_bytes(vector.array("uid")), &vector.text("csrf_token"))
}

fn is_refused(vector: &Vector) -> Verdict {
    match taken(vector) {
        Ok(()) => return Err(format!("expected {}, and it is taken", vector.text("check"))),
        Err(error) => vector.same_refusal("invalid", &vector.text("check"), &error)?,
    }
    taken(&vector.repaired()).map_err(|e| format!("repaired, and still {:?}", e.reason()))
}
