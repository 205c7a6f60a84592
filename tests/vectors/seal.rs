//! `seal.json`.

use sealed_session::SessionUid;
use sealed_session::hazmat::{Context, Fields, seal_plaintext};

use crate::reading::{Vector, Verdict, run, same};

#[test]
fn sessions_are_sealed() {
    run("seal.json", |kind, vector| match kind {
        "Seal" => is_sealed(vector),
        _ => Err(format!("unknown type {kind}")),
    });
}

pub(crate) fn is_sealed(vector: &Vector) -> Verdict {
    let (app, name) = (vector.text("app"), vector.text("name"));
    let (user, data) = (vector.optional_text("user"), vector.text("data"));
    let fields = Fields {
        created_at_ms: vector.number("created_at_ms"),
        renewed_at_ms: vector.number("renewed_at_ms"),
        expires_at_ms: vector.number("expires_at_ms"),
        uid: SessionUid::from_bytes(vector.array("uid")),
        user_id: user.as_deref(),
        data: &data,
    };
    let record = fields.encode(vector.count("padding"));
    if vector.has("record") {
        same("record", &record, &vector.hex("record"))?;
    }
    let context = Context {
        app_id: &app,
        cookie_name: &name,
        period_s: vector.number("period_s"),
        epoch: vector.number("epoch"),
    };
    let token = seal_plaintext(&vector.secret(), &context, &vector.array("salt"), &vector.hex("ad"), &record);
    same("token", token.unwrap(), vector.text("token"))
}
