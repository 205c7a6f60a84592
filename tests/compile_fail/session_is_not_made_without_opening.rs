use sealed_session::{OpenedSession, SessionId, SessionRecord};

fn main() {
    let id = SessionId::new("AQ");
    let _ = OpenedSession::new(&id); //~ E0599
    let _ = OpenedSession::default(); //~ E0599
    let _: OpenedSession = id.clone().into(); //~ E0277
    let _ = OpenedSession::try_from(id.clone()); //~ E0277
    let _ = "AQ".parse::<OpenedSession>(); //~ E0277
    let _ = serde_json::from_str::<OpenedSession>("{}"); //~ E0277
    let _: SessionRecord = id.clone().into(); //~ E0277
    let _ = "AQ".parse::<SessionRecord>(); //~ E0277
    let _ = SessionRecord::default(); //~ E0599
}
